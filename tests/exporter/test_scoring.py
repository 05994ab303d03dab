"""What became of a kept forecast: crossed, not crossed, or void."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from exporter.scoring import KEPT, Batch, Course, View, begin, follow, hold
from forecasting import Limit
from tests.exporter.lives import DAY, HOUR, START, STEP, Life

if TYPE_CHECKING:
    from collections.abc import Callable


def over(first: float, last: float = math.inf) -> Callable[[float], float]:
    """Return a course that is past its limit of 100 between two times."""
    return lambda at: 120.0 if first <= at <= last else 50.0


def view(now: float, acted_at: float = -math.inf) -> View:
    return View(now, acted_at, STEP)


def begun(life: Life, now: float = START) -> Course:
    """Return the course of a life of which a forecast was kept at `now`."""
    reading = life.reading(now)
    assert reading is not None
    return msgspec.structs.replace(begin(1, reading, view(now)), open=True)


def followed(course: Course, life: Life, *hours: float, acted_at: float = -math.inf, window: float = 7 * DAY) -> Course:
    for hour in hours:
        now = START + hour * HOUR
        reading = life.reading(now, window)
        course = follow(course, reading, view(now, acted_at)) if reading else course
    return course


def outcome(course: Course, now: float = START + 25 * HOUR, horizon: float = DAY, probability: float = 0.5) -> float | str:
    """Return how a forecast made at `START` ended: seconds until the crossing, infinite, or why it is void."""
    rows = np.array([(1, 0, probability, 0.0, 1.0, 2.0, 3.0)], KEPT)
    held = hold(Batch(START, horizon, rows), {1: course}, now)
    [reason] = [reason for reason, count in held.voids.items() if count] or [None]
    return reason or float(held.crossing_seconds[0])


def test_a_series_that_stays_below_its_limit_has_not_crossed() -> None:
    life = Life()
    assert outcome(followed(begun(life), life, *range(1, 26))) == math.inf


def test_a_crossing_is_timed_by_the_first_of_three_samples_past_the_limit() -> None:
    first = math.ceil((START + 5.5 * HOUR) / STEP) * STEP
    life = Life(over(first))
    assert outcome(followed(begun(life), life, *range(1, 26))) == first - START


def test_two_samples_past_the_limit_are_a_spike_and_three_are_a_crossing() -> None:
    first = math.ceil((START + 5.5 * HOUR) / STEP) * STEP
    spike, crossing = Life(over(first, first + STEP)), Life(over(first, first + 2 * STEP))
    assert outcome(followed(begun(spike), spike, *range(1, 26))) == math.inf
    assert outcome(followed(begun(crossing), crossing, *range(1, 26))) == first - START


def test_a_crossing_astride_two_looks_is_found() -> None:
    first = math.floor((START + 5 * HOUR) / STEP) * STEP
    life = Life(over(first, first + 2 * STEP))
    assert outcome(followed(begun(life), life, *range(1, 26))) == pytest.approx(first - START, abs=2 * STEP)


def test_falling_to_a_lower_limit_is_a_crossing_too() -> None:
    first = math.ceil((START + 5.5 * HOUR) / STEP) * STEP
    life = Life(lambda at: 10.0 if at >= first else 50.0, limit=Limit(20.0, "down"))
    assert outcome(followed(begun(life), life, *range(1, 26))) == first - START


def test_a_crossing_after_the_horizon_is_none() -> None:
    life = Life(over(START + 24.5 * HOUR))
    assert outcome(followed(begun(life), life, *range(1, 27))) == math.inf


def test_a_crossing_while_nobody_looked_is_found_in_the_window_after_a_restart() -> None:
    first = math.ceil((START + 5.5 * HOUR) / STEP) * STEP
    life = Life(over(first, first + HOUR))
    assert outcome(followed(begun(life), life, 30)) == first - START


def test_an_action_before_the_crossing_makes_the_forecast_void_and_one_after_it_does_not() -> None:
    life = Life(over(START + 5 * HOUR))
    early = followed(begun(life), life, 1, 2, 3, 6, 24, 25, acted_at=START + 2.5 * HOUR)
    late = followed(begun(life), life, 1, 2, 3, 6)
    assert outcome(early) == "acted"
    assert outcome(followed(late, life, 7, 24, 25, acted_at=START + 6.5 * HOUR)) == pytest.approx(5 * HOUR, abs=STEP)


@pytest.mark.parametrize("mark", [math.nan, math.inf, START + 30 * DAY, START - HOUR])
def test_a_mark_that_is_no_number_lies_in_the_future_or_before_the_forecast_does_no_harm(mark: float) -> None:
    life = Life()
    first = begin(1, life.reading(START), view(START, mark))
    assert outcome(followed(first, life, *range(1, 26), acted_at=mark)) == math.inf


def test_a_mark_that_lies_in_the_future_hides_no_later_one() -> None:
    life = Life()
    skewed = followed(begun(life), life, 1, 2, acted_at=START + 30 * DAY)
    assert outcome(followed(skewed, life, 3, 6, 24, 25, acted_at=START + 4.5 * HOUR)) == "acted"


@pytest.mark.parametrize(("limit", "expected"), [(104.0, math.inf), (106.0, "moved"), (94.0, "moved"), (-100.0, "moved"), (math.nan, math.inf)])
def test_a_limit_that_moves_by_more_than_a_little_makes_the_forecast_void(limit: float, expected: float | str) -> None:
    before, after = Life(), Life(limit=Limit(limit))
    assert outcome(followed(followed(begun(before), before, 1, 2), after, *range(3, 26))) == expected


def test_a_limit_that_creeps_away_is_noticed_too() -> None:
    course = begun(Life())
    for hour in range(1, 26):
        course = followed(course, Life(limit=Limit(100.0 + hour)), hour)
    assert outcome(course) == "moved"


def test_a_series_that_vanished_for_a_considerable_time_makes_the_forecast_void() -> None:
    gone = Life(unseen=lambda at: at > START + 10 * HOUR)
    gap = Life(unseen=lambda at: START + 2 * HOUR < at < START + 9 * HOUR)
    short = Life(unseen=lambda at: START + 2 * HOUR < at < START + 5 * HOUR)
    assert outcome(followed(begun(gone), gone, *range(1, 26))) == "unobserved"
    assert outcome(followed(begun(gap), gap, *range(1, 26))) == "unobserved"
    assert outcome(followed(begun(short), short, *range(1, 26))) == math.inf


def test_a_service_that_crossed_and_then_died_has_crossed() -> None:
    life = Life(over(START + HOUR), unseen=lambda at: at > START + 2 * HOUR)
    assert outcome(followed(begun(life), life, *range(1, 26))) == pytest.approx(HOUR, abs=STEP)


def test_an_exporter_that_was_down_for_longer_than_the_window_does_not_know() -> None:
    life = Life()
    late = followed(begun(life), life, 240, window=DAY)
    assert outcome(late, now=START + 240 * HOUR) == "unobserved"


def test_a_series_that_is_unknown_or_a_row_that_holds_no_probability_is_void() -> None:
    life = Life()
    course = followed(begun(life), life, *range(1, 26))
    assert outcome(course, probability=math.nan) == "unobserved"
    assert outcome(course, probability=1.5) == "unobserved"
    held = hold(Batch(START, DAY, np.array([(9, 0, 0.5, 0, 1, 2, 3)], KEPT)), {1: course}, START + 25 * HOUR)
    assert held.voids["unobserved"] == 1


def test_the_say_that_a_series_had_fades() -> None:
    life = Life()
    heard = msgspec.structs.replace(begun(life), voice=2.0)
    assert followed(heard, life, *range(5 * 24, 91 * 24, 5 * 24)).voice == pytest.approx(1.0)


def test_only_a_crossing_that_a_kept_forecast_waits_for_is_noted() -> None:
    life = Life(over(START + HOUR))
    course = followed(begun(life), life, *range(1, 26))
    assert [event.what for event in course.events] == ["crossed"]
    closed = msgspec.structs.replace(begun(life), open=False)
    assert followed(closed, life, *range(1, 26)).events == ()


def test_the_newest_sample_says_whether_the_limit_is_past() -> None:
    def reading(value: float, limit: Limit) -> bool:
        made = Life(lambda _: value, limit=limit).reading(START)
        assert made is not None
        return made.past_limit

    assert [reading(value, Limit(100.0)) for value in (99.0, 100.0, 101.0)] == [False, True, True]
    assert [reading(value, Limit(100.0, "down")) for value in (99.0, 100.0, 101.0)] == [True, True, False]
