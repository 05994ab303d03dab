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
# Of two levels that were scaled and shifted, so many of their last binary places may be wrong.
ROUNDED = 8
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


def _last_reset(levels: Array) -> int:
    """Return the index of the first sample after the last reset; 0 where there is none or they come and go as a saw-tooth."""
    changes = _changes(_middle(levels))
    if changes.size == 0:
        return 0
    falls = np.flatnonzero(changes < -_outstanding(changes, levels, RESET_OF_RANGE))
    if falls.size == 0:
        return 0
    resets = 1 + int(np.count_nonzero(np.diff(falls) > _REACH))
    return int(falls[-1]) + _REACH + 1 if resets < SAW_TOOTH else 0


def _without_step(levels: Array) -> Array:
    """Lift what came before one lone rise (a big copy, a download) by its height above the usual growth: it is no trend."""
    middle = _middle(levels)
    changes = _changes(middle)
    if changes.size == 0:
        return levels
    step = _greatest(changes, levels)
    if changes[step] <= _outstanding(changes, levels, STEP_OF_RANGE):
        return levels
    # A sudden rise shows in two changes alike; it began where the median itself rises most.
    begin = step + _greatest(np.diff(middle[step : step + _REACH + 1]), levels)
    raised = levels.copy()
    raised[: begin + _REACH] += changes[step] - np.median(changes)
    return raised


def _middle(levels: Array) -> Array:
    """Return the running median of three; none where that is too few to change."""
    return np.median(np.lib.stride_tricks.sliding_window_view(levels, 3), axis=1) if levels.size > 2 * _REACH else np.empty(0)


def _changes(middle: Array) -> Array:
    return middle[_REACH:] - middle[:-_REACH]


def _outstanding(changes: Array, levels: Array, of_range: float) -> float:
    """How large a change must be to stand out of the range and of the usual change, and not by rounding alone."""
    usual = float(np.median(np.abs(changes - np.median(changes))))
    return max(of_range * float(np.ptp(levels)), TIMES_USUAL_CHANGE * usual) + _rounding(levels)


def _greatest(changes: Array, levels: Array) -> int:
    """Return the first of the greatest changes: rounding chooses none of those alike."""
    return int(np.argmax(changes >= changes.max() - _rounding(levels)))


def _rounding(levels: Array) -> float:
    """How far rounding may move a difference of levels."""
    return ROUNDED * float(np.spacing(np.max(np.abs(levels))))
