"""The chance that a drifting random walk has reached a limit by a time: one distribution that all answers are read from."""

from __future__ import annotations

import dataclasses
import math
import statistics
from typing import TYPE_CHECKING

import numpy as np

from forecasting.model import Bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasting.model import Array
    from forecasting.trend import Trend

# The standard normal's 95 % point: 90 % lie between it and its negative.
Z95 = 1.645
# The drift's uncertainty is averaged over so many equally probable drifts.
DRIFTS = 31
_NODES = np.array([statistics.NormalDist().inv_cdf((node + 0.5) / DRIFTS) for node in range(DRIFTS)])
# What was seen for a time T goes on for a further time t with probability 100 T / (100 T + t): a minute of history
# says nothing about a month, a week of it much about the next.
PERSISTENCE = 100.0
_DECADES_BELOW, _DECADES_ABOVE, _STEPS_PER_DECADE = 5, 1, 26
# Abramowitz and Stegun 26.2.17: the normal tail as density times a polynomial, to 7.5e-8.
_TAIL = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """The distribution of the time to the limit: `probabilities` of having reached it by `seconds`, both ascending."""

    seconds: Array
    probabilities: Array

    def within(self, horizon: float) -> float:
        """Probability of reaching the limit within `horizon` seconds."""
        return float(np.interp(horizon, self.seconds, self.probabilities))

    def after(self, probability: float) -> float:
        """Seconds after which the limit has been reached with `probability`; infinite when that never comes."""
        if self.probabilities[-1] < probability:
            return math.inf
        index = int(np.searchsorted(self.probabilities, probability))
        if index == 0:
            return float(self.seconds[0])
        around = slice(index - 1, index + 1)
        return float(np.interp(probability, self.probabilities[around], self.seconds[around]))

    def bounds(self) -> Bounds:
        """Median and 90 % interval of the time to the limit."""
        return Bounds(self.after(0.05), self.after(0.5), self.after(0.95))


def passage(trend: Trend, headroom: float, horizons: Sequence[float]) -> Passage:
    """Return the distribution of the first time that `trend` has risen by `headroom` (> 0), up to ten times the last horizon."""
    seconds = _grid(horizons)
    drifts = trend.drift + trend.drift_error * _NODES
    advance = np.outer(drifts, trend.effective_seconds(seconds))
    reached = _first_passage(advance, np.sqrt(trend.wander * seconds), headroom).mean(axis=0)
    reached = np.maximum.accumulate(np.clip(reached, 0.0, 1.0))
    persists = PERSISTENCE * trend.seconds / (PERSISTENCE * trend.seconds + seconds)
    return Passage(seconds, np.minimum(np.cumsum(np.diff(reached, prepend=0.0) * persists), 1.0))


def _grid(horizons: Sequence[float]) -> Array:
    longest = max(horizons)
    decades = _DECADES_BELOW + _DECADES_ABOVE
    ladder = longest * np.logspace(-_DECADES_BELOW, _DECADES_ABOVE, decades * _STEPS_PER_DECADE + 1)
    return np.union1d(ladder, np.asarray(horizons, dtype=np.float64))


def _first_passage(advance: Array, spread: Array, headroom: float) -> Array:
    """Chance that a Brownian motion with drift has touched `headroom`: the inverse Gaussian law (Schroedinger 1915).

    P = Q(x) + exp(2 a b / s^2) Q(z) with x = (b - a) / s, z = (b + a) / s, a the advance and s the spread at that time.
    As exp(2 a b / s^2) density(z) = density(x), the second term is density(x) Q(z) / density(z), which cannot overflow.
    """
    above = (headroom - advance) / spread
    below = (headroom + advance) / spread
    reflected = np.where(
        below >= 0,
        _density(above) * _tail_ratio(np.maximum(below, 0.0)),
        np.exp(np.minimum(2 * advance / spread * (headroom / spread), 0.0)) * _tail(np.minimum(below, 0.0)),
    )
    return _tail(above) + reflected


def _density(x: Array) -> Array:
    return np.exp(-0.5 * np.minimum(np.abs(x), 40.0) ** 2) / math.sqrt(2 * math.pi)


def _tail_ratio(x: Array) -> Array:
    """Divide the normal tail by the density, for x >= 0; far out by its asymptote."""
    t = 1 / (1 + 0.2316419 * x)
    polynomial = t * (_TAIL[0] + t * (_TAIL[1] + t * (_TAIL[2] + t * (_TAIL[3] + t * _TAIL[4]))))
    return np.where(x < 4, polynomial, x / (x * x + 1))


def _tail(x: Array) -> Array:
    upper = _density(x) * _tail_ratio(np.abs(x))
    return np.where(x >= 0, upper, 1 - upper)
