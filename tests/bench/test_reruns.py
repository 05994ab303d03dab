"""Verdicts given again and again: windows end at their evaluation, and flags are counted from the onset of the leak."""

from __future__ import annotations

import numpy as np
import pytest

from bench.reruns import EVERY, NOWS, SIZE, WEEK, Watched, confidences, drawn, judged, lasting
from bench.traces import STEP_SECONDS, Library

HOUR = 3600.0


@pytest.fixture(scope="module")
def watched() -> list[Watched]:
    return drawn(Library(), quiet=4, leaking=4)


def memory(onset: float) -> Watched:
    times = np.arange(SIZE) * STEP_SECONDS
    return Watched(times, times, onset)


def test_every_three_hours_of_six_days_a_week_is_seen_and_nothing_after_it() -> None:
    windows = memory(np.inf).windows()
    assert len(windows) == 49
    assert EVERY * STEP_SECONDS == 3 * HOUR
    for window in windows:
        assert window["ts"].max() == window["now"]
        assert window["ts"].size == WEEK


def test_drawn_memories_are_always_the_same_and_leaks_begin_while_they_are_watched(watched: list[Watched]) -> None:
    again = drawn(Library(), quiet=4, leaking=4)
    assert all((one.levels == other.levels).all() for one, other in zip(watched, again, strict=True))
    assert [np.isinf(one.onset) for one in watched] == [True] * 4 + [False] * 4
    assert all(NOWS[0] <= one.onset <= NOWS[-1] - 72 * HOUR + STEP_SECONDS for one in watched[4:])
    assert all(one.levels.min() > 0 for one in watched)


def test_each_window_is_asked_for_its_confidence(watched: list[Watched]) -> None:
    found = confidences(watched[:2], lambda windows: [{"leak_score": window["now"]} for window in windows])
    assert found.tolist() == [NOWS.tolist()] * 2


def test_a_flag_before_the_onset_finds_no_leak_and_delay_counts_from_it() -> None:
    onsets = np.array([np.inf, np.inf, NOWS[10] - HOUR, NOWS[10] - HOUR])
    flags = np.zeros((4, NOWS.size), bool)
    flags[1, 3] = flags[2, [2, 12]] = flags[3, 14] = True
    assert judged(onsets, NOWS, flags) == {"quiet_ever_flagged": 0.5, "leaks_found": 1.0, "delay_hours": 10.0}


def test_a_leak_that_is_mostly_missed_has_no_delay() -> None:
    assert judged(np.array([np.inf, NOWS[0]]), NOWS, np.zeros((2, NOWS.size), bool))["delay_hours"] is None


def test_a_lasting_flag_has_stood_so_many_times() -> None:
    flags = np.array([[True, True, False, True, True, True]])
    assert lasting(flags, 1).tolist() == flags.tolist()
    assert lasting(flags, 2).tolist() == [[False, True, False, False, True, True]]
    assert lasting(flags, 3).tolist() == [[False, False, False, False, False, True]]
