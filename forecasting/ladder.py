"""Distributions of the time to the limit for many series at once: probabilities at the knots of one ladder, read both ways."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecasting.features import LADDER_HOURS
from forecasting.grids import HOUR_SECONDS

if TYPE_CHECKING:
    from forecasting.model import Array

KNOTS_SECONDS = np.array([0.0, *LADDER_HOURS]) * HOUR_SECONDS
_FIRST = KNOTS_SECONDS[1]


def _place(seconds: Array) -> Array:
    """Where times lie on the ladder: even up to the first rung, by their logarithm from there."""
    return np.where(seconds < _FIRST, seconds / _FIRST, 1 + np.log(np.maximum(seconds, _FIRST) / _FIRST))


_PLACES = _place(KNOTS_SECONDS)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Laws:
    """One distribution a row: `probabilities` [n, knots] of having reached the limit by each knot; they never fall."""

    probabilities: Array

    def within(self, horizons: tuple[float, ...]) -> Array:
        """Probability of reaching the limit within each horizon (seconds) [n, horizons]; past the ladder as at its end."""
        places = np.minimum(_place(np.array(horizons)), _PLACES[-1])
        right = np.clip(np.searchsorted(_PLACES, places), 1, _PLACES.size - 1)
        share = (places - _PLACES[right - 1]) / (_PLACES[right] - _PLACES[right - 1])
        left = self.probabilities[:, right - 1]
        return left + share * (self.probabilities[:, right] - left)

    def after(self, probability: float) -> Array:
        """Seconds [n] after which the limit is reached with `probability`; infinite where the ladder ends before."""
        rows = np.arange(self.probabilities.shape[0])
        right = (self.probabilities < probability).sum(axis=1)
        never, at_once = right == _PLACES.size, right == 0
        right = np.clip(right, 1, _PLACES.size - 1)
        below, above = self.probabilities[rows, right - 1], self.probabilities[rows, right]
        share = np.clip((probability - below) / np.maximum(above - below, 1e-12), 0, 1)
        place = _PLACES[right - 1] + share * (_PLACES[right] - _PLACES[right - 1])
        seconds = np.where(place < 1, place * _FIRST, _FIRST * np.exp(np.maximum(place, 1) - 1))
        return np.where(never, np.inf, np.where(at_once, 0.0, seconds))
