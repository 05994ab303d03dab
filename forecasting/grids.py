"""Lays the courses of a block on regular grids that end now: hours for habits, quarters of an hour for what is near."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecasting.course import LONGEST_SECONDS, SUSTAINED, sustained_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasting.course import Course
    from forecasting.model import Array32

HOUR_SECONDS = 3600.0
HOURS = int(LONGEST_SECONDS / HOUR_SECONDS)
QUARTERS = 2 * 96
# Headroom beyond so many ranges of the series is out of sight; none at all would divide by zero.
MOST_HEADROOM, LEAST_HEADROOM = 1e9, 1e-9


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Levels of n courses in bins of equal length, the newest last; an empty bin repeats the one before.

    `level` [n, bins] is the last sustained level of each bin, `high` its greatest, `low` the lowest sample,
    `first` [n] the first bin that has data; the bins before it repeat it and are not valid.
    """

    level: Array32
    high: Array32
    low: Array32
    first: np.ndarray[tuple[int], np.dtype[np.int64]]

    @property
    def valid(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Tell which bins lie after the beginning of the data [n, bins]."""
        return np.arange(self.level.shape[1]) >= self.first[:, None]

    def of(self, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Grid:
        """Return the grid of some of the courses."""
        return Grid(self.level[rows], self.high[rows], self.low[rows], self.first[rows])


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Courses laid on grids, in ranges of their own series and relative to the present sustained level: [n] each.

    A level is sustained when the last three samples reached it, so a spike is none. `headroom` is what is left to the
    limit, `excess` how far the newest sample lies above the sustained level.
    """

    hours: Grid
    quarters: Grid
    headroom: Array32
    excess: Array32
    span_hours: Array32
    late_hours: Array32
    samples: Array32


def block_of(courses: Sequence[Course]) -> Block:
    """Lay courses (each with some spread and a recent sample) on the grids."""
    counts = np.array([course.times.size for course in courses])
    ends = np.cumsum(counts)
    starts = ends - counts
    ages, samples = np.empty(ends[-1], np.float32), np.empty(ends[-1], np.float32)
    headroom = np.empty(counts.size)
    for row, course in enumerate(courses):
        own = slice(starts[row], ends[row])
        ages[own] = course.question.terms.now - course.times
        samples[own] = (course.levels - course.level) * (1 / course.spread)
        headroom[row] = (course.limit - course.level) / course.spread
    sustained = sustained_of(samples)
    for early in range(SUSTAINED - 1):
        sustained[starts + early] = sustained[starts + SUSTAINED - 1]
    lay = _Layer(ages, samples, sustained, starts)
    return Block(
        hours=lay.on(HOUR_SECONDS, HOURS),
        quarters=lay.within(QUARTERS * HOUR_SECONDS / 4).on(HOUR_SECONDS / 4, QUARTERS),
        headroom=np.clip(headroom, LEAST_HEADROOM, MOST_HEADROOM).astype(np.float32),
        excess=samples[ends - 1],
        span_hours=ages[starts] / np.float32(HOUR_SECONDS),
        late_hours=ages[ends - 1] / np.float32(HOUR_SECONDS),
        samples=counts.astype(np.float32),
    )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """The samples of all courses in a row, oldest first, and where each course starts; every course has some."""

    ages: Array32
    samples: Array32
    sustained: Array32
    starts: np.ndarray[tuple[int], np.dtype[np.int64]]

    def within(self, seconds: float) -> _Layer:
        """Return the layer of the samples that are no older; a course without any keeps its newest."""
        near = self.ages < seconds
        near[np.append(self.starts[1:], near.size) - 1] = True
        starts = np.append(0, np.cumsum(np.add.reduceat(near, self.starts, dtype=np.int64))[:-1])
        return _Layer(self.ages[near], self.samples[near], self.sustained[near], starts)

    def on(self, width_seconds: float, bins: int) -> Grid:
        """Sum the samples up in `bins` bins of that width; a newest sample that is older falls into the first."""
        back = np.minimum(self.ages * np.float32(1 / width_seconds), np.float32(bins - 1)).astype(np.int16)
        new = back[1:] != back[:-1]
        new[self.starts[1:] - 1] = True
        begins = np.append(0, np.flatnonzero(new) + 1)
        last = np.append(begins[1:], back.size) - 1
        rows = np.searchsorted(self.starts, begins, side="right") - 1
        filled = np.zeros((self.starts.size, bins), np.int32)
        filled[rows, bins - 1 - back[begins]] = np.arange(1, begins.size + 1)
        source = np.maximum.accumulate(filled, axis=1)
        first = (source == 0).sum(axis=1)
        source = np.maximum(source, source[np.arange(first.size), first][:, None]) - 1
        level = self.sustained[last][source]
        empty = filled == 0
        high = np.where(empty, level, np.maximum.reduceat(self.sustained, begins)[source])
        low = np.where(empty, level, np.minimum.reduceat(self.samples, begins)[source])
        return Grid(level, high, low, first)
