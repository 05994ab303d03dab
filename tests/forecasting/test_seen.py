"""What tells growth in what was seen: that it is deaf to a daily course, to what was not seen, and to how long was seen."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.seen import arrivals, by_twelfths, from_a_day_before, growth_seen

HOURS = 168


def course(*, per_hour: float, seen: int = HOURS) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return marks of one memory with a daily course that rises so fast, seen for so many hours."""
    hour = np.maximum(np.arange(HOURS), HOURS - seen)
    level = (0.3 * np.sin(2 * np.pi * hour / 24) + per_hour * hour)[None, :].astype(np.float32)
    return {"low": level, "level": level, "high": level}, np.array([HOURS - seen])


@pytest.mark.parametrize("seen", [36, 60, HOURS])
@pytest.mark.parametrize("per_hour", [0.0, 0.002])
def test_changes_from_the_day_before_tell_growth_below_a_daily_course_however_little_was_seen(seen: int, per_hour: float) -> None:
    marks, first = course(per_hour=per_hour, seen=seen)
    found = from_a_day_before(marks["level"], marks["low"], first)
    for hours in (12, 24, HOURS - 24):
        assert found[f"level_day_median_{hours}"] == pytest.approx(24 * per_hour, abs=1e-5)


def test_less_than_a_day_tells_nothing_of_the_day_before() -> None:
    marks, first = course(per_hour=0.01, seen=20)
    assert all(value == 0 for value in from_a_day_before(marks["level"], marks["low"], first).values())


def test_what_lies_before_the_data_counts_for_nothing() -> None:
    marks, first = course(per_hour=0.01, seen=60)
    other = {name: np.where(np.arange(HOURS) < first[:, None], 9, level) for name, level in marks.items()}
    for found in (from_a_day_before, lambda level, low, first: by_twelfths({"low": low, "level": level, "high": level}, first)):
        for one, same in zip(found(marks["level"], marks["low"], first).values(), found(other["level"], other["low"], first).values(), strict=True):
            assert one == pytest.approx(same)


@pytest.mark.parametrize("seen", [24, 48, 96])
def test_twelfths_tell_a_line_from_what_fills_up_after_a_day_as_after_four(seen: int) -> None:
    share = np.clip((np.arange(HOURS) - (HOURS - seen)) / seen, 0, None)[None, :]
    first = np.array([HOURS - seen])
    straight = by_twelfths(dict.fromkeys(("low", "level", "high"), share), first)
    filling = by_twelfths(dict.fromkeys(("low", "level", "high"), 1 - np.exp(-4 * share)), first)
    assert straight["level_twelfths_filling"] > 1
    assert filling["level_twelfths_filling"] < 0.1
    assert straight["level_twelfths_at_once"] == pytest.approx(1 / 11, rel=0.1)
    assert filling["level_twelfths_at_once"] > 0.2


def test_a_step_has_stood_since_it_came() -> None:
    level = np.where(np.arange(HOURS) < HOURS - 12, 0.0, 1.0)[None, :]
    found = arrivals(level, level, np.array([HOURS - 48]))
    assert found["kept_10%_of_seen"] == found["top_100%_of_seen"] == pytest.approx(12 / 48)


def test_no_number_depends_on_the_rows_beside_it() -> None:
    random = np.random.default_rng(1)
    marks = {name: random.random((5, HOURS)).astype(np.float32) for name in ("low", "level", "high")}
    first = np.array([0, 24, 100, 140, 166])
    alone = growth_seen({name: level[2:3] for name, level in marks.items()}, first[2:3])
    for name, values in growth_seen(marks, first).items():
        assert values[2] == pytest.approx(alone[name][0], rel=1e-4, abs=1e-6), name
