"""What tells growth in what was seen, be it a day or a week: the change from yesterday's same hour, and the time seen in twelve parts.

Numbers that are medians over a week, or that tell how many hours ago, say little of the first days. These measure by what
there is: a difference over a day is deaf to the load's daily course (seasonal differencing, Box and Jenkins 1970), and
twelfths of the time seen look alike for a leak of a day and of a week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from forecasting.model import Array, Array32

Named: TypeAlias = "dict[str, Array32]"

DAY_HOURS = 24
# Changes from a day before are summed up over so many newest hours, and over all.
LATELY_HOURS = (12, 24)
PARTS, POINTS = 12, 48
# Filling that decays within so many parts is held against a straight line.
PACES = (1, 2, 4)
_STILL = np.float32(1e-4)
_TINY = np.float32(1e-9)
_TIME = np.arange(PARTS, dtype=np.float32) - np.float32((PARTS - 1) / 2)


def from_a_day_before(levels: Array32, lows: Array32, first: Array) -> Named:
    """Sum up changes of levels and of lows [n, hours] from the same hour of the day before; hours before `first` [n] were not seen."""
    kept = lows.copy()
    kept[:, 2:] = np.minimum(np.minimum(lows[:, 2:], lows[:, 1:-1]), lows[:, :-2])
    known = np.arange(DAY_HOURS, levels.shape[1]) >= first[:, None] + DAY_HOURS
    found: Named = {}
    for name, marks in (("level", levels), ("low", kept)):
        changes = marks[:, DAY_HOURS:] - marks[:, :-DAY_HOURS]
        for hours in (*LATELY_HOURS, changes.shape[1]):
            summed = _summed(changes[:, -hours:], known[:, -hours:])
            found |= {f"{name}_day_{what}_{hours}": value for what, value in summed.items()}
    return found


def _summed(changes: Array32, known: Array32) -> Named:
    """Return the median, the least, the share that rises, and the mean over the spread of the known changes; 0 where there are none."""
    count = known.sum(axis=1)
    many = np.maximum(count, 1).astype(np.float32)
    ordered = np.sort(np.where(known, changes, np.float32(np.inf)), axis=1)
    rows = np.arange(count.size)
    middle = (ordered[rows, np.maximum(count - 1, 0) // 2] + ordered[rows, np.minimum(count // 2, ordered.shape[1] - 1)]) / 2
    taken = np.where(known, changes, 0)
    mean = taken.sum(axis=1) / many
    spread = np.sqrt(np.maximum((taken * taken).sum(axis=1) / many - mean * mean, 0))
    return {
        "median": np.where(count > 0, middle, 0),
        "least": np.where(count > 0, ordered[:, 0], 0),
        "rising": (taken > 0).sum(axis=1) / many,
        "sure": mean / np.maximum(spread, _STILL),
    }


def by_twelfths(marks: dict[str, Array32], first: Array) -> Named:
    """Measure lows, levels and highs (each [n, hours]) over twelfths of the time since `first` [n]."""
    hours = marks["level"].shape[1]
    points = first[:, None] + ((np.arange(POINTS) + 0.5) / POINTS * (hours - first)[:, None]).astype(int)
    places = points + hours * np.arange(first.size)[:, None]
    found: Named = {}
    for name, ufunc in (("low", np.minimum), ("level", np.add), ("high", np.maximum)):
        parts = marks[name].ravel().take(places).reshape(-1, PARTS, POINTS // PARTS)
        summed = ufunc.reduce(parts, axis=2) / np.float32(POINTS // PARTS if name == "level" else 1)
        found |= {f"{name}_twelfths_{what}": value for what, value in _shape(summed).items()}
    return found


def _shape(marks: Array32) -> Named:
    """Tell the shape of twelfths: how they rise, whether at once, evenly, or ever more slowly."""
    steps = np.diff(marks, axis=1)
    way = np.maximum(np.abs(steps).sum(axis=1), _TINY)
    centred = marks - marks.mean(axis=1)[:, None]
    line, off_line = _fit(centred, _TIME)
    _, off_curve = _fit(centred - line[:, None] * _TIME, _TIME**2 - np.mean(_TIME**2))
    filling = [np.exp(-np.arange(PARTS) / pace).astype(np.float32) for pace in PACES]
    off_filling = np.minimum.reduce([_fit(centred, decay - decay.mean())[1] for decay in filling])
    return {
        "gain": marks[:, -1] - marks[:, 0],
        "line": line,
        "bent": 1 - off_curve / off_line,
        "filling": off_filling / off_line,
        "order": order(marks),
        "largest": steps.max(axis=1),
        "least": steps.min(axis=1),
        "at_once": steps.max(axis=1) / way,
    }


def _fit(marks: Array32, course: Array32) -> tuple[Array32, Array32]:
    """Fit a multiple of a course; return it, and the squares that it leaves (never quite 0)."""
    times = marks @ course / (course @ course)
    return times, np.maximum(((marks - times[:, None] * course) ** 2).sum(axis=1), _TINY)


def order(marks: Array32) -> Array32:
    """Mean sign over all pairs of marks [n, marks], -1..1 (Mann 1945, Kendall 1948)."""
    earlier, later = np.triu_indices(marks.shape[1], 1)
    # Rows are taken faster than columns.
    rows = np.ascontiguousarray(marks.T)
    return np.sign(rows[later] - rows[earlier]).mean(axis=0)


def arrivals(lows: Array32, highs: Array32, first: Array) -> Named:
    """Tell in shares of the time since `first` [n] for how long which share of the kept rise, and of the rise of tops, has stood.

    Also in which share of the hours there was a new top, and a new low that was never given back.
    """
    hours = lows.shape[1]
    count = (hours - first).astype(np.float32)
    seen = np.arange(hours) >= first[:, None]
    kept = np.minimum.accumulate(lows[:, ::-1], axis=1)[:, ::-1]
    tops = np.maximum.accumulate(highs, axis=1)
    found: Named = {"top_gain": tops[:, -1] - tops[:, 0]}
    for name, marks, shares in (("kept", kept, (0.1, 0.25, 0.5, 0.75, 0.9)), ("top", tops, (0.25, 0.5, 0.75, 1.0))):
        risen = marks - marks[:, :1]
        total = risen[:, -1:] - _TINY
        for share in shares:
            found[f"{name}_{share:.0%}_of_seen"] = ((risen >= np.float32(share) * total) & seen).sum(axis=1) / count
        found[f"{name}_new"] = (np.diff(marks, axis=1) > 0).sum(axis=1) / count
    return found


def growth_seen(marks: dict[str, Any], first: Array) -> Named:
    """Return all of these numbers for `low`, `level` and `high` in `marks`, hourly and in ranges of the week [n, hours]."""
    return {
        **from_a_day_before(marks["level"], marks["low"], first),
        **by_twelfths(marks, first),
        **arrivals(marks["low"], marks["high"], first),
    }
