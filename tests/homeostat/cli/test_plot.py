"""A picture in braille: what was, what is expected, its band and the limit; whatever the numbers are, it is a picture or none."""

from __future__ import annotations

import math

import pytest

from homeostat.cli.plot import Fan, draw

DAY = 86400.0
AHEAD = [(0.0, 0.8), (7 * DAY, 0.9)]
LOW, HIGH = [(0.0, 0.8), (7 * DAY, 0.85)], [(0.0, 0.8), (7 * DAY, 1.1)]


def percent(value: float) -> str:
    return f"{value:.0%}"


def picture(fan: Fan, columns: int = 60) -> list[str]:
    return [line.plain for line in draw(fan, columns, percent)]


def fan(past: list[tuple[float, float]] | None = None, limit: float | None = 1.0) -> Fan:
    return Fan(past if past is not None else [(-7 * DAY, 0.6), (-6.9 * DAY, 0.61)], LOW, AHEAD, HIGH, limit)


def test_the_scale_reaches_from_the_least_to_the_most_and_time_from_the_first_to_the_last() -> None:
    *rows, times = picture(fan())
    assert [row.partition("│")[0].strip() for row in (rows[0], rows[6], rows[-1])] == ["110%", "85%", "60%"]
    assert times.split() == ["7d", "ago", "now", "in", "7d"]
    assert len(rows) == 12


@pytest.mark.parametrize("columns", [1, 30, 60, 200])
def test_it_is_as_wide_as_it_may_be_and_never_wider_than_is_needed_to_see_anything(columns: int) -> None:
    assert max(map(len, picture(fan(), columns))) <= max(columns, 27)


def test_what_lies_far_apart_is_not_joined() -> None:
    joined = [(-7 * DAY + hour * 3600, 0.6) for hour in range(7 * 24)]
    gap = [(at, value) for at, value in joined if not -5 * DAY < at < -2 * DAY]
    assert dots(gap) < 0.7 * dots(joined)


def dots(past: list[tuple[float, float]]) -> int:
    return sum((ord(letter) - 0x2800).bit_count() for row in picture(Fan(past, (), (), (), None)) for letter in row if letter > "\u2800")


def test_a_limit_that_is_far_away_is_told_and_not_drawn() -> None:
    near, far = fan(limit=1.0), fan(limit=50.0)
    assert near.caption("", percent).endswith("the limit of 100% dashed")
    assert far.caption("", percent).endswith("the limit of 5000% out of sight")
    assert picture(far) == picture(fan(limit=None))


@pytest.mark.parametrize("wide", [8.76, 1e6, 1e300])
def test_a_band_that_would_flatten_the_rest_is_cut_off(wide: float) -> None:
    *rows, _ = picture(Fan(fan().past, [(0.0, 0.8), (7 * DAY, -wide)], AHEAD, [(0.0, 0.8), (7 * DAY, wide)], 1.0))
    assert [row.partition("│")[0].strip() for row in (rows[0], rows[6], rows[-1])] == ["140%", "80%", "20%"]
    assert any(set(row) & set("⠉⠒⠤⣀") for row in rows[4:8])


@pytest.mark.parametrize("wild", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_left_out(wild: float) -> None:
    lines = picture(Fan([(-DAY, 0.6), (-DAY / 2, wild), (-60.0, 0.7)], [*LOW, (8 * DAY, wild)], AHEAD, HIGH, wild))
    assert lines[0].startswith("110% │")


def test_where_there_is_nothing_there_is_no_picture_and_one_value_is_one() -> None:
    assert picture(Fan((), (), (), (), 1.0)) == []
    assert picture(Fan([(-60.0, math.nan)], (), (), (), None)) == []
    assert len(picture(Fan([(-60.0, 5.0)], (), (), (), None))) == 13
