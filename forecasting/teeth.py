"""Finds the falls of a saw-tooth, as a log rotation or a clean-up leaves them: how often, how deep, and from which ceiling."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecasting.grids import HOURS

if TYPE_CHECKING:
    from forecasting.grids import Grid
    from forecasting.model import Array32

# A fall stands out of the range of the series and of the usual change from hour to hour.
FALL_OF_RANGE = 0.04
TIMES_USUAL_CHANGE = 4.0
# From so many falls on they are a habit; before, one this deep is a reset, once a day has gone by.
SAW_TOOTH = 3
RESET_OF_RANGE = 0.3
DAY_HOURS = 24


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Teeth:
    """Falls of n courses, [n] each: how many, hours since the last and between two, their mean depth.

    `highest`, `mean` and `last` are the ceilings that they fell from, relative to the present level. Where nothing fell,
    the ceiling is the highest level seen, and falls are taken to be twice the time seen apart.
    """

    count: Array32
    since_hours: Array32
    interval_hours: Array32
    depth: Array32
    highest: Array32
    mean: Array32
    last: Array32

    def reset(self, range_: Array32) -> Array32:
        """Tell where the last fall began a regime [n]: it is no habit, deep, and has been over for a day."""
        lone = (self.count > 0) & (self.count < SAW_TOOTH)
        return lone & (self.depth >= RESET_OF_RANGE * range_) & (self.since_hours >= DAY_HOURS)


def teeth_of(hours: Grid, changes: Array32, known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], range_: Array32) -> Teeth:
    """Find the falls in hourly changes [n, HOURS - 1]."""
    usual = np.abs(changes).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    least = np.maximum(FALL_OF_RANGE * range_, TIMES_USUAL_CHANGE * usual)
    falls = (changes < -least[:, None]) & known
    count = falls.sum(axis=1)
    fell, often = count > 0, np.maximum(count, 1)
    rows, positions = np.arange(count.size), np.arange(HOURS - 1)
    newest = np.where(falls, positions, 0).max(axis=1)
    oldest = np.where(falls, positions, HOURS).min(axis=1)
    seen = (HOURS - hours.first).astype(np.float32)
    ceilings = np.maximum(hours.high[:, :-1], hours.high[:, 1:])
    top = hours.high.max(axis=1)
    between = (newest - oldest) / np.maximum(count - 1, 1)
    return Teeth(
        count=count.astype(np.float32),
        since_hours=np.where(fell, HOURS - 2 - newest, seen).astype(np.float32),
        interval_hours=np.maximum(np.where(count > 1, between, 2 * seen), 1).astype(np.float32),
        depth=-np.where(falls, changes, 0).sum(axis=1) / often,
        highest=np.where(fell, np.where(falls, ceilings, -np.inf).max(axis=1), top),
        mean=np.where(fell, np.where(falls, ceilings, 0).sum(axis=1) / often, top),
        last=np.where(fell, ceilings[rows, newest], top),
    )
