"""What scored forecasts teach about the next: one shift of the logit per problem, slow, bounded and visible; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

if TYPE_CHECKING:
    from forecasting.model import Array

# A probability of .5 becomes at most .67 or at least .33.
MOST_SHIFT = 0.7
# The prior is as heavy as this; it pulls towards no shift.
PRIOR_WEIGHT = 20.0
# Nothing is shifted before this much independent evidence; the shift is whole at twice as much.
ENOUGH = 50.0
# What was learned 90 days ago counts half, and one series has at most this much say.
HALF_LIFE_SECONDS = 90 * 86400
MOST_OF_ONE = 2.0
# Forecasts of one series overlap: at one horizon, all that were made in so many seconds are worth one.
INDEPENDENT_SECONDS = 30 * 86400
_LOGITS = np.linspace(-7, 7, 57)
_HALVINGS = 40


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """How much was forecast, and how much of that crossed, by class of the logit that was forecast without any shift."""

    forecast: tuple[float, ...] = (0.0,) * _LOGITS.size
    crossed: tuple[float, ...] = (0.0,) * _LOGITS.size

    @property
    def weight(self) -> float:
        """The independent evidence that this is worth."""
        return sum(self.forecast)


def share(voice: Array, spacing_seconds: float) -> Array:
    """Return what one more forecast of each series is worth.

    It is one part of `INDEPENDENT_SECONDS`, the time until the next is kept, and less the more say the series has had: its
    `voice` (the sum of all its shares, faded) can never exceed `MOST_OF_ONE`.
    """
    return min(1.0, spacing_seconds / INDEPENDENT_SECONDS) * np.maximum(0.0, 1.0 - voice / MOST_OF_ONE)


def faded(seconds: float) -> float:
    """Return the part of evidence and voices that is left after `seconds`."""
    return float(0.5 ** (max(0.0, seconds) / HALF_LIFE_SECONDS))


def fade(evidence: Evidence, seconds: float) -> Evidence:
    """Return the evidence after `seconds`."""
    left = faded(seconds)
    return Evidence(tuple(left * part for part in evidence.forecast), tuple(left * part for part in evidence.crossed))


def learn(evidence: Evidence, logits: Array, crossed: Array, shares: Array) -> Evidence:
    """Return the evidence with forecasts added: their unshifted logits, whether each crossed (0 or 1), and its share."""
    classes = np.abs(logits[:, None] - _LOGITS).argmin(axis=1)
    forecast = np.bincount(classes, shares, _LOGITS.size) + evidence.forecast
    happened = np.bincount(classes, shares * crossed, _LOGITS.size) + evidence.crossed
    return Evidence(tuple(forecast.tolist()), tuple(happened.tolist()))


def shift(evidence: Evidence) -> float:
    """Return what to add to the logit of every probability, within +-`MOST_SHIFT`.

    Recalibration in the large: the intercept of a logistic regression of the outcome on the forecast's logit with slope 1
    (Cox 1958, Biometrika 45:562; as an updating method Steyerberg et al. 2004, Statistics in Medicine 23:2567), here with a
    Gaussian prior around 0. It solves sum(crossed) = sum(forecast * sigmoid(logit + shift)) + prior * shift, whose right
    side only rises, by halving the interval.
    """
    forecast, crossed = np.array(evidence.forecast), sum(evidence.crossed)
    low, high = -MOST_SHIFT, MOST_SHIFT
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        expected = float((forecast / (1 + np.exp(-_LOGITS - middle))).sum()) + PRIOR_WEIGHT * middle
        low, high = (middle, high) if expected < crossed else (low, middle)
    # Adding 0 turns -0 into 0.
    return low * min(1.0, max(0.0, evidence.weight / ENOUGH - 1.0)) + 0.0


def logit(probability: Array) -> Array:
    """Return the log odds, kept within the classes."""
    edge = 1 / (1 + math.exp(_LOGITS[-1]))
    inside = np.clip(probability, edge, 1 - edge)
    return np.asarray(np.log(inside / (1 - inside)))
