"""A course's own past days, each from and to the present time of day: their changes, tops and floors, and replays of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecasting.grids import HOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasting.grids import Grid
    from forecasting.model import Array32

DAY_HOURS = 24
DAYS = HOURS // DAY_HOURS - 1
# So many futures are put together from past days, each as long as the longest rung.
REPLAYS, REPLAYED_DAYS = 48, 30
# Past days are drawn by this power of an even draw: the last ones more often.
RECENCY = 1.3
# How far a replay must get, in headrooms: less, as far, and further than the limit.
MARGINS = (0.6, 1.0, 1.6)
# What cannot be known, as without a whole day.
UNKNOWN = np.float32(-1)
# One table of draws for all series and all time: the same question always has the same answer, alone or in a batch.
_DRAWS = np.random.default_rng(7).random((REPLAYS, REPLAYED_DAYS), dtype=np.float32) ** RECENCY


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Days:
    """The last days of n courses, the newest first: [n, DAYS] each; `changes` and `rises` are 0 where `known` is false.

    `changes` over the day, `tops` and `floors` relative to the present level, `rises` the top above the day's beginning.
    """

    changes: Array32
    rises: Array32
    tops: Array32
    floors: Array32
    known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    @property
    def count(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """How many whole days were seen [n]."""
        return self.known.sum(axis=1)

    def since(self, hours: Array32) -> Days:
        """Return these days with those that began earlier than so many hours ago [n] unknown."""
        whole = DAY_HOURS * np.arange(1, DAYS + 1) <= hours[:, None]
        return dataclasses.replace(self, known=self.known & whole)

    def typical(self, days: int = DAYS) -> Array32:
        """Median change of the last `days` days [n]; 0 without a whole day."""
        return _median(self.changes[:, :days], self.known[:, :days])

    def typical_rise(self, marks: Array32) -> Array32:
        """Median change from day to day of `marks` (the tops or floors) [n]."""
        return _median(marks[:, :-1] - marks[:, 1:], self.known[:, :-1] & self.known[:, 1:])

    def unrest(self) -> Array32:
        """Spread of the days' changes around their median [n]: a standard deviation."""
        off = np.where(self.known, self.changes - self.typical()[:, None], 0)
        return np.sqrt((off**2).sum(axis=1) / np.maximum(self.count, 1))

    def replayed(self, headroom: Array32, ladder_hours: Sequence[float]) -> dict[str, Array32]:
        """Share of replays that got so many headrooms far within each rung of a day or more, and how far they got: [n, ladder].

        A replay is a path bootstrap: days drawn from the past in blocks of 24 h, which keeps the time of day
        (Kuensch 1989), put end to end; it reaches what the highest point of its days so far reaches.
        """
        highest = self._replays()
        known = self.count > 0
        found = {f"replays_{margin:g}": _unknown(headroom.size, ladder_hours) for margin in MARGINS}
        found["reach_replays"] = _unknown(headroom.size, ladder_hours)
        for rung, hours in enumerate(ladder_hours):
            if hours >= DAY_HOURS:
                got = highest[int(hours) // DAY_HOURS - 1]
                for margin in MARGINS:
                    share = (got >= margin * headroom[:, None]).mean(axis=1)
                    found[f"replays_{margin:g}"][:, rung] = np.where(known, share, UNKNOWN)
                mean = np.maximum(got.mean(axis=1), 0) / headroom
                found["reach_replays"][:, rung] = np.where(known, mean, UNKNOWN)
        return found

    def _replays(self) -> Array32:
        """Return the highest point that each replay has reached by the end of each day [days, n, REPLAYS]."""
        courses = self.changes.shape[0]
        count = np.maximum(self.count, 1)[:, None]
        position = np.zeros((courses, REPLAYS), np.float32)
        reached = np.full((courses, REPLAYS), -np.inf, np.float32)
        highest = np.empty((REPLAYED_DAYS, courses, REPLAYS), np.float32)
        first = (np.arange(courses) * DAYS)[:, None]
        changes, rises = self.changes.ravel(), self.rises.ravel()
        for day in range(REPLAYED_DAYS):
            drawn = first + (_DRAWS[:, day] * count).astype(np.int64)
            np.maximum(reached, position + rises[drawn], out=reached)
            position += changes[drawn]
            highest[day] = reached
        return highest


def days_of(hours: Grid) -> Days:
    """Cut the hours into days that end at the present time of day."""
    courses = hours.level.shape[0]
    bounds = HOURS - 1 - DAY_HOURS * np.arange(DAYS + 1)
    level, known = hours.level.take(bounds, axis=1), hours.valid.take(bounds[1:], axis=1)
    shape = (courses, DAYS, DAY_HOURS)
    tops = hours.high[:, -DAYS * DAY_HOURS :].reshape(shape).max(axis=2)[:, ::-1]
    floors = hours.low[:, -DAYS * DAY_HOURS :].reshape(shape).min(axis=2)[:, ::-1]
    changes = np.where(known, level[:, :-1] - level[:, 1:], np.float32(0))
    rises = np.where(known, tops - level[:, 1:], np.float32(0))
    return Days(changes, rises, tops, floors, known)


def _median(values: Array32, known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array32:
    ordered = np.sort(np.where(known, values, np.float32(np.inf)), axis=1)
    count = known.sum(axis=1)
    row = np.arange(count.size)
    middle = (ordered[row, np.maximum(count - 1, 0) // 2] + ordered[row, np.minimum(count // 2, values.shape[1] - 1)]) / 2
    return np.where(count > 0, middle, np.float32(0))


def _unknown(courses: int, ladder_hours: Sequence[float]) -> Array32:
    return np.full((courses, len(ladder_hours)), UNKNOWN, np.float32)
