"""What tells a leak, which grows as long as it is watched, from warm-up, a full cache, a step and a saw-tooth.

The last week is cut into steps of six hours, each with its floor (running minimum), mean and ceiling, in ranges of the
week. Floors are what is never given back: a median of their differences is deaf to spikes (after Sen 1968). The week's
best broken line (two least-squares lines) shows where growth began or ended.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from forecasting.seen import growth_seen, order

if TYPE_CHECKING:
    from forecasting.grids import Grid
    from forecasting.model import Array, Array32

Named: TypeAlias = "dict[str, Array32]"

WEEK_HOURS, STEP_HOURS = 168, 6
STEPS = WEEK_HOURS // STEP_HOURS
DAY_STEPS = 24 // STEP_HOURS
# A fall of hourly levels that is a restart or a clean-up: of the range, and of the usual change.
FALL_OF_RANGE, TIMES_USUAL_CHANGE = 0.12, 4.0
# With more falls than this the week is a saw-tooth, and none of them begins a segment.
FEW_FALLS = 3
# A break of the line counts where it leaves less than this share of the straight line's squares.
BREAKS = 0.7
_FEWEST_STEPS = 3
_STILL = 1e-4
_TINY = np.float32(1e-9)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """Features of the week's growth [n, names], and the range [n] (in units of the grid) that they are measured in."""

    features: Array32
    names: tuple[str, ...]
    range: Array32


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Week:
    """Hourly levels, lows and highs [n, 168] from 0 (lowest) to 1 (highest), and steps [n, 28]: floors, means, ceilings.

    `first_hour` and `first` are the first hour and the first step with data.
    """

    levels: Array32
    lows: Array32
    highs: Array32
    floors: Array32
    means: Array32
    ceilings: Array32
    first_hour: Array
    first: Array
    range: Array32


def growth_of(hours: Grid, ago_hours: int = 0) -> Growth:
    """Measure the growth of each course over the week that ended so many hours ago."""
    week = _week_of(hours, ago_hours)
    seen = growth_seen({"low": week.lows, "level": week.levels, "high": week.highs}, week.first_hour)
    found = {**_slopes(week), **_broken(week), **_days(week), **_kept(week), **_restless(week), **seen}
    return Growth(np.stack([value.astype(np.float32, copy=False) for value in found.values()], axis=1), tuple(found), week.range)


def _week_of(hours: Grid, ago_hours: int) -> _Week:
    end = hours.level.shape[1] - ago_hours
    grids = [grid[:, end - WEEK_HOURS : end] for grid in (hours.level, hours.low, hours.high)]
    lowest = grids[1].min(axis=1)
    range_ = np.maximum(grids[2].max(axis=1) - lowest, _TINY)
    levels, lows, highs = ((grid - lowest[:, None]) / range_[:, None] for grid in grids)
    steps = (levels.shape[0], STEPS, STEP_HOURS)
    first = np.maximum(hours.first - (end - WEEK_HOURS), 0)
    return _Week(
        levels,
        lows,
        highs,
        lows.reshape(steps).min(axis=2),
        levels.reshape(steps).mean(axis=2),
        highs.reshape(steps).max(axis=2),
        np.minimum(first, WEEK_HOURS - 2),
        np.minimum(-(-first // STEP_HOURS), STEPS - _FEWEST_STEPS - 1),
        range_,
    )


def _slopes(week: _Week) -> Named:
    """Rises per step of floors, means and ceilings: medians over one, two and three days, lines and gains to the present."""
    found: Named = {}
    for name, marks in (("floor", week.floors), ("mean", week.means), ("ceiling", week.ceilings)):
        for days in (1, 2, 3):
            lag = days * DAY_STEPS
            found[f"{name}_rise_{days}d"] = _median((marks[:, lag:] - marks[:, :-lag]) / lag)
        for steps in (4, 8, 12, 20):
            found[f"{name}_gain_{steps}"] = _gain(marks, steps, np.minimum if name == "floor" else np.maximum)
    for steps in (8, 16, STEPS):
        found[f"floor_order_{steps}"] = order(week.floors[:, -steps:])
    return found


def _median(values: Array32) -> Array32:
    ordered = np.sort(values, axis=1)
    last = ordered.shape[1] - 1
    return (ordered[:, last // 2] + ordered[:, (last + 1) // 2]) / 2


def _gain(marks: Array32, steps: int, extreme: np.ufunc) -> Array32:
    """How far the last two steps lie above two steps some steps ago."""
    then = slice(STEPS - steps - 1, STEPS - steps + 1)
    return extreme(marks[:, -2], marks[:, -1]) - extreme.reduce(marks[:, then], axis=1)


def _broken(week: _Week) -> Named:
    """Fit the best broken line through floors and through means, tail lines of several lengths, and Sen's slope since the break."""
    found: Named = {}
    rows = np.arange(week.floors.shape[0])
    begins = week.first
    for name, marks in (("floor", week.floors), ("mean", week.means)):
        lines = _lines(marks)
        at = np.argmin(lines.left[:, _FEWEST_STEPS : STEPS - _FEWEST_STEPS], axis=1) + _FEWEST_STEPS
        share = lines.left[rows, at] / np.maximum(lines.left[:, 0], _TINY)
        found[f"{name}_break"] = at.astype(np.float32)
        found[f"{name}_break_share"] = share
        found[f"{name}_line_after"], found[f"{name}_line_before"] = lines.after[rows, at], lines.before[rows, at]
        for steps in (4, 8, 12, 20, STEPS):
            found[f"{name}_line_{steps}"] = lines.after[:, STEPS - steps]
        found[f"{name}_off_line"] = lines.left[:, 0] / STEPS
        if name == "floor":
            begins = np.maximum(np.where(share < BREAKS, at, 0), week.first)
    found["floor_sen"] = _sen(week.floors, begins)
    return found


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Least-squares slopes per step before and after each possible break [n, 29], and the squares both lines leave."""

    before: Array
    after: Array
    left: Array


def _lines(marks: Array32) -> _Lines:
    """Fit a line before and one after each step, from cumulative sums."""
    steps = np.arange(STEPS, dtype=float)

    def sums(values: Array) -> Array:
        return np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1, dtype=float)], axis=1)

    ones, time = np.ones((1, STEPS)), steps[None, :]
    totals = [sums(values) for values in (ones, time, time * time, marks, marks * time, marks * marks)]
    before, left_before = _fit(totals)
    after, left_after = _fit([total[:, -1:] - total for total in totals])
    return _Lines(before, after, left_before + left_after)


def _fit(sums: list[Array]) -> tuple[Array, Array]:
    count, t, tt, y, ty, yy = sums
    count = np.maximum(count, 1)
    spread = tt - t * t / count
    slope = np.where(spread > 0.1, (ty - t * y / count) / np.maximum(spread, 0.1), 0)
    return slope, np.maximum(yy - y * y / count - slope * slope * spread, 0)


_EARLIER, _LATER = np.triu_indices(STEPS, 2)


def _sen(marks: Array32, begins: Array) -> Array32:
    """Sen's slope per step: the median over all pairs at least two steps apart since `begins`."""
    slopes = (marks.take(_LATER, axis=1) - marks.take(_EARLIER, axis=1)) / (_LATER - _EARLIER).astype(np.float32)
    since = begins[:, None] <= _EARLIER
    ordered = np.sort(np.where(since, slopes, np.float32(np.inf)), axis=1)
    count = since.sum(axis=1)
    rows = np.arange(count.size)
    return (ordered[rows, (count - 1) // 2] + ordered[rows, count // 2]) / 2


def _days(week: _Week) -> Named:
    """Rises of the days' floors and ceilings: the least, the typical, the last ones, and how many of them there were."""
    courses = week.floors.shape[0]
    floors = np.diff(week.floors.reshape(courses, -1, DAY_STEPS).min(axis=2), axis=1)
    ceilings = np.diff(week.ceilings.reshape(courses, -1, DAY_STEPS).max(axis=2), axis=1)
    return {
        "days_least": floors.min(axis=1),
        "days_least_lately": floors[:, -3:].min(axis=1),
        "days_typical": _median(floors),
        "days_rising": (floors > 0).sum(axis=1),
        "day_last": floors[:, -1],
        "day_before": floors[:, -2],
        "day_before_that": floors[:, -3],
        "tops_least_lately": ceilings[:, -3:].min(axis=1),
        "tops_typical": _median(ceilings),
    }


def _kept(week: _Week) -> Named:
    """Measure the rise that was never given back: how large, from how many hours, and when which share of it had come.

    A leak's comes evenly, a step's at once, a warm-up's early, and a cache's ends when it is full.
    """
    kept = np.minimum.accumulate(week.lows[:, ::-1], axis=1)[:, ::-1]
    risen = kept - kept[:, :1]
    total = risen[:, -1]
    squares = (np.diff(kept, axis=1) ** 2).sum(axis=1)
    breadth = (week.ceilings - week.floors).mean(axis=1)
    found: Named = {
        "kept": total,
        "kept_over_breadth": total / np.maximum(breadth, _STILL),
        "kept_evenness": total**2 / np.maximum(squares, _TINY),
    }
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        found[f"kept_{share:.0%}_for"] = (risen >= np.float32(share) * total[:, None]).sum(axis=1)
    return found


def _restless(week: _Week) -> Named:
    """How it moves from hour to hour, its falls, and where in the week it was highest and lowest."""
    changes = np.diff(week.levels, axis=1)
    size = np.abs(changes)
    usual = size.mean(axis=1)
    falls = changes < -np.maximum(FALL_OF_RANGE, TIMES_USUAL_CHANGE * usual)[:, None]
    count = falls.sum(axis=1)
    newest = np.where(falls, np.arange(1, WEEK_HOURS), 0).max(axis=1)
    begins = np.minimum(np.where(count <= FEW_FALLS, -(-newest // STEP_HOURS), 0), STEPS - _FEWEST_STEPS - 1)
    rows = np.arange(count.size)
    echo = (changes[:, 24:] * changes[:, :-24]).sum(axis=1) / np.maximum((changes**2).sum(axis=1), _TINY)
    return {
        "usual": usual,
        "rising": np.maximum(changes, 0).sum(axis=1) / np.maximum(size.sum(axis=1), _TINY),
        "largest_rise": changes.max(axis=1),
        "largest_fall": changes.min(axis=1),
        "still": (size < _STILL).mean(axis=1),
        "echo_day": echo,
        "breadth": _median(week.ceilings - week.floors),
        "highest_at": week.ceilings.argmax(axis=1),
        "lowest_at": week.floors.argmin(axis=1),
        "present": week.levels[:, -STEP_HOURS:].mean(axis=1),
        "falls": count,
        "since_fall": WEEK_HOURS - newest,
        "gain_since_fall": np.minimum(week.floors[:, -2], week.floors[:, -1]) - week.floors[rows, np.maximum(begins, week.first)],
        "first": week.first,
    }
