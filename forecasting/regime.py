"""Finds the stretch of a series that speaks for its future: ordered, free of lone jumps, since the last reset."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from forecasting.model import Array, Series

# A saw-tooth is a habit, not a new beginning: from so many resets on, none of them starts a regime.
SAW_TOOTH = 3
# A lone jump stands out of the range of values and of the usual change from sample to sample.
RESET_OF_RANGE = 0.3
STEP_OF_RANGE = 0.5
TIMES_USUAL_CHANGE = 9.0
# Beside a jump the median of three and its distance of two samples touch this many samples on each side.
_REACH = 2


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Regime:
    """The present regime: `times` strictly ascending (Unix seconds) and `levels`, which rise towards the limit."""

    times: Array
    levels: Array
    began_by: str = "the start of the data"


def ordered(series: Series, now: float) -> tuple[Array, Array]:
    """Return the finite samples up to `now` in ascending time; of two at one time the later in the arrays counts."""
    usable = np.isfinite(series.timestamps) & np.isfinite(series.values) & (series.timestamps <= now)
    times, values = series.timestamps[usable], series.values[usable]
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    last_of_its_time = np.append(times[1:] != times[:-1], np.ones(min(1, times.size), dtype=bool))
    return times[last_of_its_time], values[last_of_its_time]


def current(times: Array, levels: Array, began_by: str) -> Regime:
    """Cut after the last reset (a lone fall), and take one lone rise out of the past."""
    reset = _last_reset(levels)
    if reset:
        times, levels, began_by = times[reset:], levels[reset:], "a reset"
    return Regime(times, _without_step(levels), began_by)


def _changes(levels: Array) -> tuple[Array, float]:
    """Return changes over two samples of the running median of three, and how large one must be to stand out at all."""
    if levels.size < 2 * _REACH + 1:
        return np.empty(0), 0.0
    middle = np.median(np.lib.stride_tricks.sliding_window_view(levels, 3), axis=1)
    changes = middle[2:] - middle[:-2]
    return changes, TIMES_USUAL_CHANGE * float(np.median(np.abs(changes - np.median(changes))))


def _last_reset(levels: Array) -> int:
    """Return the index of the first sample after the last reset; 0 where there is none or they come and go as a saw-tooth."""
    changes, outstanding = _changes(levels)
    if changes.size == 0:
        return 0
    falls = np.flatnonzero(changes < -max(RESET_OF_RANGE * float(np.ptp(levels)), outstanding))
    if falls.size == 0:
        return 0
    resets = 1 + int(np.count_nonzero(np.diff(falls) > _REACH))
    return int(falls[-1]) + _REACH + 1 if resets < SAW_TOOTH else 0


def _without_step(levels: Array) -> Array:
    """Lift what came before one lone rise (a big copy, a download) by its height: it is no trend."""
    changes, outstanding = _changes(levels)
    if changes.size == 0:
        return levels
    step = int(np.argmax(changes))
    if changes[step] <= max(STEP_OF_RANGE * float(np.ptp(levels)), outstanding):
        return levels
    raised = levels.copy()
    raised[: step + _REACH] += changes[step]
    return raised
