"""What is known of a course before its limit is judged: numbers that mean the same for every unit, size and sampling.

Three kinds, each a name and an array. `room` may only lower the probability as it grows, because it is headroom;
`reach` may only raise it, because it is movement in headrooms; `shape` knows nothing of the limit. That is what the
learned trees are held to, so more headroom never raises a probability. A number that cannot be known is UNKNOWN.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from forecasting.days import UNKNOWN, Days, days_of
from forecasting.grids import HOURS
from forecasting.teeth import teeth_of

if TYPE_CHECKING:
    from forecasting.grids import Block, Grid
    from forecasting.model import Array32
    from forecasting.teeth import Teeth

    Mask = np.ndarray[Any, np.dtype[np.bool_]]

Named: TypeAlias = "dict[str, Array32]"

# The ladder: the times ahead (hours) at which the probability of a crossing is judged.
LADDER_HOURS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 48.0, 96.0, 168.0, 240.0, 336.0, 720.0)
# Below this many hours past windows are read off the quarter-hours.
FINE_BELOW_HOURS = 4
# Past windows of a length that fits begin at every third hour or quarter.
STRIDE = 3
# Times of day are compared over windows up to this long.
LONGEST_OF_DAY_HOURS = 96
# Growth that fades is seen over two windows of these lengths; a slower fading is none.
FADING_HOURS = (24, 72)
SLOWEST_FADING = 0.995
# Differences below this share of the series' range are rounding.
ROUNDING = np.float32(1e-5)
STILL_RATIO = np.float32(1e-4)
_TINY = np.float32(1e-9)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Features of n courses: `fixed` [n, names] and `rung` [n, ladder, names], with the names and each one's kind."""

    fixed: Array32
    rung: Array32
    names: tuple[str, ...]
    directions: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class View:
    """A block with what several features need: hourly changes, growth rates (per hour), days and saw-teeth."""

    block: Block
    changes: Array32
    known: Mask
    range: Array32
    unrest: Array32
    growth: Named
    days: Days
    teeth: Teeth


def view_of(block: Block) -> View:
    """Measure a block once."""
    hours = block.hours
    known = hours.valid[:, :-1]
    changes = np.where(known, np.diff(hours.level, axis=1), np.float32(0))
    range_ = np.maximum(hours.high.max(axis=1) - hours.low.min(axis=1), _TINY)
    unrest = np.maximum(np.sqrt(_mean(changes**2, known)), _TINY)
    days = days_of(hours)
    teeth = teeth_of(hours, changes, known, range_)
    return View(block, changes, known, range_, unrest, _growth(block, changes, known, days, teeth), days, teeth)


def features_of(view: View) -> Features:
    """Compute all features of a block."""
    room, shape = _room(view), _shape(view)
    reach, timing = _reach(view), _timing(view)
    fixed, rung = {**room, **shape}, {**reach, **timing}
    directions = [-1] * len(room) + [0] * len(shape) + [1] * len(reach) + [0] * len(timing)
    return Features(
        np.stack([value.astype(np.float32, copy=False) for value in fixed.values()], axis=1),
        np.stack([value.astype(np.float32, copy=False) for value in rung.values()], axis=2),
        (*fixed, *rung),
        tuple(directions),
    )


def _mean(values: Array32, known: Mask) -> Array32:
    """Mean over the known entries of each row (unknown ones are 0)."""
    return values.sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def _growth(block: Block, changes: Array32, known: Mask, days: Days, teeth: Teeth) -> Named:
    """Growth per hour towards the limit over several pasts, gross (rises only), and of days, their tops and floors."""
    rises = np.maximum(changes, 0)
    growth = {f"{hours}h": _since(block.hours, hours) for hours in (1, 3, 6, 24, 72, 168, 335)}
    growth["30min"] = _since(block.quarters, 2) * 4
    growth["gross_24h"] = _mean(rises[:, -24:], known[:, -24:])
    growth["gross"] = _mean(rises, known)
    growth["day"] = days.typical() / 24
    growth["day_of_week"] = days.typical(7) / 24
    growth["day_top"] = days.typical_rise(days.tops) / 24
    growth["day_floor"] = days.typical_rise(days.floors) / 24
    growth["since_fall"] = _since(block.hours, teeth.since_hours)
    return growth


def _since(grid: Grid, back: int | Array32) -> Array32:
    """Growth per bin over the last `back` bins, or as many as there are."""
    courses, bins = grid.level.shape
    steps = np.minimum(back, np.maximum(bins - 1 - grid.first, 1)).astype(np.int64)
    return -grid.level[np.arange(courses), bins - 1 - steps] / np.maximum(steps, 1).astype(np.float32)


def _room(view: View) -> Named:
    """Headroom above the present, above past tops and above the ceilings that earlier growth fell back from."""
    hours, headroom, teeth = view.block.hours, view.block.headroom, view.teeth
    room = {f"above_top_{days}d": (headroom - hours.high[:, -24 * days :].max(axis=1)) / view.range for days in (1, 3, 7, 14)}
    room["above_top_in_unrest"] = (headroom - hours.high.max(axis=1)) / view.unrest
    room["headroom"] = headroom / view.range
    room["above_newest"] = (headroom - view.block.excess) / view.range
    room["above_highest_ceiling"] = (headroom - teeth.highest) / view.range
    room["above_mean_ceiling"] = (headroom - teeth.mean) / view.range
    room["above_last_ceiling"] = (headroom - teeth.last) / view.range
    return room


def _shape(view: View) -> Named:
    """How long and how often it was seen, how it moves, where it stands in its own past, and its rhythm."""
    block, changes, known, growth = view.block, view.changes, view.known, view.growth
    hours, range_, unrest, teeth = block.hours, view.range, view.unrest, view.teeth
    size = np.abs(changes)
    square = np.maximum((changes**2).sum(axis=1), _TINY)
    below = (hours.level < -ROUNDING) & hours.valid
    still = size < STILL_RATIO * range_[:, None]
    shape = {f"pace_{name}": value / unrest for name, value in growth.items()}
    shape["span"] = np.minimum(block.span_hours, HOURS)
    shape["hours"] = (HOURS - hours.first).astype(np.float32)
    shape["late"] = block.late_hours
    shape["samples_per_hour"] = block.samples / np.maximum(block.span_hours, np.float32(0.1))
    shape["evenness"] = _mean(size, known) / unrest
    shape["unrest"] = unrest / range_
    shape["unrest_fine"] = np.sqrt((np.diff(block.quarters.level, axis=1) ** 2).mean(axis=1)) / unrest
    shape["unrest_daily"] = view.days.unrest() / unrest
    shape["day_over_unrest"] = 24 * growth["day"] / np.maximum(view.days.unrest(), _TINY)
    shape["since_fall"], shape["depth"] = teeth.since_hours, teeth.depth / range_
    shape["phase"] = teeth.since_hours / teeth.interval_hours
    shape["rank"] = _mean(below, hours.valid)
    shape["rank_24h"] = below[:, -24:].mean(axis=1)
    shape["still"] = _mean(still & known, known)
    shape["still_24h"] = still[:, -24:].mean(axis=1)
    shape["rising"] = np.maximum(changes, 0).sum(axis=1) / np.maximum(size.sum(axis=1), _TINY)
    shape["bottom"] = hours.low.min(axis=1) / range_
    shape["range_24h"] = (hours.high[:, -24:].max(axis=1) - hours.low[:, -24:].min(axis=1)) / range_
    shape["quickening"] = (growth["24h"] - growth["168h"]) / unrest
    shape["echo_day"] = (changes[:, 24:] * changes[:, :-24]).sum(axis=1) / square
    shape["echo_hour"] = (changes[:, 1:] * changes[:, :-1]).sum(axis=1) / square
    shape["largest_rise"] = changes.max(axis=1) / range_
    shape["largest_rise_24h"] = changes[:, -24:].max(axis=1) / range_
    return shape


_PACES = ("gross", "gross_24h", "30min", "1h", "24h", "72h", "168h", "335h", "day_of_week", "day_top", "day_floor")


def _reach(view: View) -> Named:
    """For each rung: what growth, unrest, replayed days and past windows of its length reach, in headrooms."""
    headroom = view.block.headroom
    hours = np.array(LADDER_HOURS, np.float32)
    times = hours[None, :] / headroom[:, None]
    reach = {f"reach_{name}": np.maximum(view.growth[name], 0)[:, None] * times for name in _PACES}
    reach["reach_unrest"] = view.unrest[:, None] * np.sqrt(hours)[None, :] / headroom[:, None]
    for window in FADING_HOURS:
        reach[f"reach_fading_{window}h"] = _fading(view.block.hours, window) / headroom[:, None]
    reach["rung"] = np.broadcast_to(hours, times.shape)
    reach.update(view.days.replayed(headroom, LADDER_HOURS))
    reach.update(_past_windows(view.block))
    return reach


def _fading(grid: Grid, window_hours: int) -> Array32:
    """How far growth still comes by each rung when it goes on fading as the last window against the one before [n, ladder].

    A geometric series, as of a warm-up or a cache that fills: a q (1 - q ** k) / (1 - q) after k windows, for the last
    gain a and the ratio q <= 1 of the last two.
    """
    rows, bins = np.arange(grid.first.size), grid.level.shape[1]
    window = np.clip((bins - 1 - grid.first) // 2, 1, window_hours)
    before, start = grid.level[rows, bins - 1 - 2 * window], grid.level[rows, bins - 1 - window]
    gain = np.maximum(-start, 0)[:, None]
    ratio = np.clip(gain[:, 0] / np.maximum(start - before, _TINY), 0, SLOWEST_FADING)[:, None].astype(np.float32)
    windows = np.array(LADDER_HOURS, np.float32)[None, :] / window[:, None]
    return gain * ratio * (1 - ratio**windows) / (1 - ratio)


def _timing(view: View) -> Named:
    """For each rung: how it compares with what was seen and with the next fall that is due."""
    hours = np.array(LADDER_HOURS, np.float32)[None, :]
    teeth = view.teeth
    due = np.maximum(teeth.interval_hours - teeth.since_hours, 0)
    return {
        "rung_over_span": hours / np.maximum(view.block.span_hours, np.float32(0.1))[:, None],
        "falls_within": hours / teeth.interval_hours[:, None],
        "rung_after_fall": hours - due[:, None],
    }


def _past_windows(block: Block) -> Named:
    """For each rung: of one's own past windows of that length, how many rose by the headroom or reached the limit's level.

    At any time, lately, and at this time of day; and how far the windows at this time of day and a week ago rose.
    """
    found: Named = {}
    courses = block.headroom.size

    def put(name: str, rung: int, value: Array32) -> None:
        found.setdefault(name, np.full((courses, len(LADDER_HOURS)), UNKNOWN, np.float32))[:, rung] = value

    tops = {"quarters": _Tops(block.quarters), "hours": _Tops(block.hours)}
    headroom = block.headroom[:, None]
    for rung, hours in enumerate(LADDER_HOURS):
        fine = hours < FINE_BELOW_HOURS
        if hours < HOURS:
            top, start, valid = tops["quarters" if fine else "hours"].of(int(hours * 4 if fine else hours), STRIDE)
            rose = top - start >= headroom
            lately = max(top.shape[1] // 4, 1)
            put("windows", rung, _share(rose, valid))
            put("windows_lately", rung, _share(rose[:, -lately:], valid[:, -lately:]))
            put("windows_at_limit", rung, _share(top >= headroom, valid))
        if hours <= LONGEST_OF_DAY_HOURS:
            top, start, valid = tops["hours"].at_this_time_of_day(max(int(hours), 1))
            rise = np.where(valid, top - start, 0)
            put("windows_of_day", rung, _share(rise >= headroom, valid))
            put("windows_of_day_half", rung, _share(2 * rise >= headroom, valid))
            put("windows_of_day_at_limit", rung, _share(top >= headroom, valid))
            put("reach_of_day", rung, _or_unknown(np.maximum(_mean(rise, valid), 0) / block.headroom, np.any(valid, axis=1)))
            week, start, known = tops["hours"].a_week_ago(max(int(hours), 1))
            put("reach_week_ago", rung, _or_unknown(np.maximum(week - start, 0) / block.headroom, known))
    return found


def _share(hit: Mask, valid: Mask) -> Array32:
    count = valid.sum(axis=1)
    return _or_unknown((hit & valid).sum(axis=1) / np.maximum(count, 1), count > 0)


def _or_unknown(values: Array32, known: Mask) -> Array32:
    return np.where(known, values, UNKNOWN).astype(np.float32)


# Windows at this time of day, up to an hour off, on each of the last 13 days.
_SAME_TIME = np.array([24 * day + off for day in range(1, 14) for off in (-1, 0, 1)])


class _Tops:
    """Greatest sustained levels over windows of a grid; a longer window is made of two shorter ones."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._valid = grid.valid
        self._by_length = {1: grid.high[:, 1:]}

    def of(self, length: int, stride: int) -> tuple[Array32, Array32, Mask]:
        """Return each past window's top, the level it started from, and whether that is known: [n, windows] each."""
        top = self._over(length)
        last = top.shape[1] - 1
        chosen = slice(last % stride, last + 1, stride)
        return top[:, chosen], self._grid.level[:, chosen], self._valid[:, chosen]

    def at_this_time_of_day(self, length: int) -> tuple[Array32, Array32, Mask]:
        top = self._over(length)
        chosen = HOURS - 1 - _SAME_TIME
        chosen = chosen[chosen < top.shape[1]]
        # `take` keeps rows together, so sums do not depend on how many courses there are.
        return top.take(chosen, axis=1), self._grid.level.take(chosen, axis=1), self._valid.take(chosen, axis=1)

    def a_week_ago(self, length: int) -> tuple[Array32, Array32, Mask]:
        then = HOURS - 1 - 7 * 24
        return self._over(length)[:, then], self._grid.level[:, then], self._valid[:, then]

    def _over(self, length: int) -> Array32:
        if length not in self._by_length:
            half = (length + 1) // 2
            shorter, rest = self._over(half), length - half
            self._by_length[length] = np.maximum(shorter[:, : shorter.shape[1] - rest], shorter[:, rest:])
        return self._by_length[length]

