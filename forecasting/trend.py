"""Measures a regime: its level, its robust drift, how uncertain that is, how it wanders, and whether it saturates."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from forecasting.regime import Regime

if TYPE_CHECKING:
    from forecasting.model import Array

# The slope is taken from so many floors: enough for a median, few enough for all pairs.
MOST_FLOORS = 100
# Wandering is measured over these parts of the regime and the most of it counts: one part alone may look calm by chance.
PARTS = (5, 7, 10, 14)
# The halves of a regime differ when their slopes lie this many standard errors apart.
DIFFERENT = 3.0
# Growth saturates where an exponential approach leaves less than this share of a line's squares, for one of these
# time constants in lengths of the regime.
SATURATES = 0.25
DAMPINGS = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0)
# Drifts change in the future more than the past shows: this share of the drift is added to its standard error.
DRIFT_CHANGES = 0.15


@dataclasses.dataclass(frozen=True, slots=True)
class Trend:
    """How a level moves on: by `drift` per second (which dies out over `damping_seconds`) and a random walk.

    `drift_error` is the drift's standard error, `wander` the random walk's variance per second, `scatter` the
    standard deviation of what is measured around it, `seconds` how long all this was seen.
    """

    level: float
    drift: float
    drift_error: float
    wander: float
    scatter: float
    seconds: float
    damping_seconds: float = math.inf

    def in_units_of(self, unit: float) -> Trend:
        """Return the same trend with its numbers multiplied into values of `unit` each; the level stays behind."""
        return dataclasses.replace(
            self,
            drift=unit * self.drift,
            drift_error=unit * self.drift_error,
            wander=unit * unit * self.wander,
            scatter=unit * self.scatter,
        )

    def effective_seconds(self, ahead_seconds: Array) -> Array:
        """Time that the drift acts in the next `ahead_seconds`: less than them where growth saturates."""
        if math.isinf(self.damping_seconds):
            return ahead_seconds
        return -self.damping_seconds * np.expm1(-ahead_seconds / self.damping_seconds)


def measure(regime: Regime, minimum_samples: int) -> tuple[Regime, Trend]:
    """Return the part of `regime` that holds now, and its trend; a turn in it starts a regime of its own."""
    while True:
        approach = _approach(regime)
        if approach:
            return regime, _saturating(regime, approach)
        wander, scatter = _noise(regime)
        half = regime.times.size // 2
        first, second = _part(regime, slice(None, half)), _part(regime, slice(half, None))
        error = math.hypot(_slope_error(first, wander, scatter), _slope_error(second, wander, scatter))
        turned = abs(slope(second) - slope(first)) > DIFFERENT * error
        if not turned or second.times.size < minimum_samples:
            return regime, _linear(regime, wander, scatter)
        regime = dataclasses.replace(second, began_by="a turn of the trend")


def slope(regime: Regime) -> float:
    """Theil-Sen slope per second of the floors: the median over all pairs (Sen 1968), deaf to spikes and lone steps."""
    times, levels = floors(regime, MOST_FLOORS)
    if times.size < 2:
        return 0.0
    first, second = np.triu_indices(times.size, 1)
    return float(np.median((levels[second] - levels[first]) / (times[second] - times[first])))


def floors(regime: Regime, most: int) -> tuple[Array, Array]:
    """Return at most `most` blocks of equal sample count as their mean time and smallest level."""
    if regime.times.size <= most:
        return regime.times, regime.levels
    starts = np.arange(most) * regime.times.size // most
    counts = np.diff(np.append(starts, regime.times.size))
    return np.add.reduceat(regime.times, starts) / counts, np.minimum.reduceat(regime.levels, starts)


def _part(regime: Regime, part: slice) -> Regime:
    return Regime(regime.times[part], regime.levels[part], regime.began_by)


def _seconds(regime: Regime) -> float:
    return float(regime.times[-1] - regime.times[0])


def _level(regime: Regime) -> float:
    return float(np.median(regime.levels[-3:]))


def _noise(regime: Regime) -> tuple[float, float]:
    """Split what is no trend into a random walk (variance per second) and scatter (standard deviation).

    Second differences over k samples cancel any steady drift; their variance is 2 k d w + 6 s^2 for a walk w per second
    sampled every d seconds with scatter s, so two lags tell both (the variance ratio of Lo and MacKinlay 1988).
    """
    samples, seconds = regime.times.size, _seconds(regime)
    spacing = seconds / (samples - 1)
    near = _second_difference(regime.levels, 1)
    lags = {max(2, samples // parts) for parts in PARTS}
    wander = max((_second_difference(regime.levels, lag) - near) / (2 * (lag - 1) * spacing) for lag in lags)
    scatter = math.sqrt(max(0.0, near - 2 * spacing * max(0.0, wander)) / 6)
    smallest = (1e-6 * float(np.ptp(regime.levels))) ** 2 / seconds
    return max(wander, smallest), scatter


def _second_difference(levels: Array, lag: int) -> float:
    return float(np.mean((levels[2 * lag :] - 2 * levels[lag:-lag] + levels[: -2 * lag]) ** 2))


def _slope_error(regime: Regime, wander: float, scatter: float) -> float:
    seconds = _seconds(regime)
    return math.sqrt(wander / seconds + 12 * scatter**2 / (regime.times.size * seconds**2))


def _linear(regime: Regime, wander: float, scatter: float) -> Trend:
    drift = slope(regime)
    error = math.hypot(_slope_error(regime, wander, scatter), DRIFT_CHANGES * drift)
    return Trend(_level(regime), drift, error, wander, scatter, _seconds(regime))


@dataclasses.dataclass(frozen=True, slots=True)
class _Approach:
    """A rise by `still_to_come` from the regime's end on, of which all but 1/e comes within `damping_seconds`."""

    still_to_come: float
    damping_seconds: float

    def curve(self, times: Array) -> Array:
        """Return the levels at `times` less the ceiling."""
        remaining: Array = np.exp((times[-1] - times) / self.damping_seconds)
        return -self.still_to_come * remaining


def _approach(regime: Regime) -> _Approach | None:
    """Return the exponential approach from below that fits the floors far better than any line, if there is one."""
    times, levels = floors(regime, MOST_FLOORS)
    straight, _ = _misfit(times, levels)
    best, chosen = SATURATES * straight, None
    for share in DAMPINGS:
        damping_seconds = share * _seconds(regime)
        misfit, height = _misfit(np.exp((times[-1] - times) / damping_seconds), levels)
        if misfit < best and height < 0:
            best, chosen = misfit, _Approach(-height, damping_seconds)
    return chosen


def _misfit(shape: Array, levels: Array) -> tuple[float, float]:
    """Fit `levels` by a constant and a multiple of `shape`; return the squares left over and that multiple."""
    centred, rest = shape - shape.mean(), levels - levels.mean()
    multiple = float(centred @ rest / (centred @ centred))
    return float(np.sum((rest - multiple * centred) ** 2)), multiple


def _saturating(regime: Regime, approach: _Approach) -> Trend:
    wander, scatter = _noise(dataclasses.replace(regime, levels=regime.levels - approach.curve(regime.times)))
    drift = approach.still_to_come / approach.damping_seconds
    error = math.hypot(_slope_error(regime, wander, scatter), DRIFT_CHANGES * drift)
    return Trend(_level(regime), drift, error, wander, scatter, _seconds(regime), approach.damping_seconds)
