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
# Between two turns no more time than this counts: a clock that jumps ahead must not wipe out what was learned.
MOST_ELAPSED_SECONDS = 7 * 86400


class Evidence(msgspec.Struct, frozen=True, array_like=True):
    """How much was forecast, and how much of that crossed, by class of the logit that was forecast without any shift.

    Of what was `acted` on, nobody knows whether it would have crossed; it is part of `forecast` and not of `crossed`.
    """

    forecast: tuple[float, ...] = (0.0,) * _LOGITS.size
    crossed: tuple[float, ...] = (0.0,) * _LOGITS.size
    acted: float = 0.0

    @property
    def weight(self) -> float:
        """The independent evidence that this is worth."""
        return max(0.0, sum(self.forecast) - self.acted)


def share(voice: Array, spacing_seconds: float) -> Array:
    """Return what one more forecast of each series is worth.

    It is one part of `INDEPENDENT_SECONDS`, the time until the next is kept, and less the more say the series has had: its
    `voice` (the sum of all its shares, faded) can never exceed `MOST_OF_ONE`.
    """
    return min(1.0, spacing_seconds / INDEPENDENT_SECONDS) * np.maximum(0.0, 1.0 - voice / MOST_OF_ONE)


def elapsed(before: float, now: float) -> float:
    """Return the seconds that count between two turns: none when the clock was set back, and never more than the most."""
    return min(max(0.0, now - before), MOST_ELAPSED_SECONDS)


def faded(seconds: float) -> float:
    """Return the part of evidence and voices that is left after `seconds`."""
    return float(0.5 ** (max(0.0, seconds) / HALF_LIFE_SECONDS))


def fade(evidence: Evidence, seconds: float) -> Evidence:
    """Return the evidence after `seconds`."""
    left = faded(seconds)
    forecast, crossed = (tuple(left * part for part in parts) for parts in (evidence.forecast, evidence.crossed))
    return Evidence(forecast, crossed, left * evidence.acted)


def learn(evidence: Evidence, logits: Array, crossed: Array, shares: Array) -> Evidence:
    """Return the evidence with forecasts added: their unshifted logits, whether each crossed (0, 1, or NaN when acted on), and its share."""
    classes = np.abs(logits[:, None] - _LOGITS).argmin(axis=1)
    forecast = np.bincount(classes, shares, _LOGITS.size) + evidence.forecast
    happened = np.bincount(classes, shares * np.nan_to_num(crossed), _LOGITS.size) + evidence.crossed
    acted = evidence.acted + float(shares[np.isnan(crossed)].sum())
    return Evidence(tuple(forecast.tolist()), tuple(happened.tolist()), acted)


def shift(evidence: Evidence) -> float:
    """Return what to add to the logit of every probability, within +-`MOST_SHIFT`.

    An action comes before a crossing, so leaving out what was acted on would leave out what would have crossed. The shift goes
    only as far as it would both if none of that had crossed and if all had (bounds of what is censored, Manski 1989,
    Journal of Human Resources 24:343).
    """
    least, most = (_intercept(evidence, sum(evidence.crossed) + more) for more in (0.0, evidence.acted))
    agreed = max(0.0, least) + min(0.0, most)
    # Adding 0 turns -0 into 0.
    return agreed * min(1.0, max(0.0, evidence.weight / ENOUGH - 1.0)) + 0.0


def _intercept(evidence: Evidence, crossed: float) -> float:
    """Return the shift with which as much is expected to cross as did.

    Recalibration in the large: the intercept of a logistic regression of the outcome on the forecast's logit with slope 1
    (Cox 1958, Biometrika 45:562; as an updating method Steyerberg et al. 2004, Statistics in Medicine 23:2567), here with a
    Gaussian prior around 0. It solves sum(crossed) = sum(forecast * sigmoid(logit + shift)) + prior * shift, whose right
    side only rises, by halving the interval.
    """
    forecast = np.array(evidence.forecast)
    low, high = -MOST_SHIFT, MOST_SHIFT
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        expected = float((forecast / (1 + np.exp(-_LOGITS - middle))).sum()) + PRIOR_WEIGHT * middle
        low, high = (middle, high) if expected < crossed else (low, middle)
    return low


def logit(probability: Array) -> Array:
    """Return the log odds, kept within the classes."""
    edge = 1 / (1 + math.exp(_LOGITS[-1]))
    inside = np.clip(probability, edge, 1 - edge)
    return np.asarray(np.log(inside / (1 - inside)))
