"""Straight lines as forecasters of exhaustion: Prometheus' predict_linear, the same with its residuals, and Theil-Sen."""

from __future__ import annotations

import functools
import math
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.marginal import HOUR_SECONDS, Answer, Rising, answer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DAY_SECONDS = 86400.0
WINDOWS = {"6h": DAY_SECONDS / 4, "7d": 7 * DAY_SECONDS}
# Times ahead at which a line's chance is read: evenly by their logarithm, to well past the longest horizon.
AHEAD = np.geomspace(300, 60 * DAY_SECONDS, 400)
WEEK_HOURS = 168
# The slope's distribution is averaged over so many equally probable slopes.
SLOPES = 41
_cdf = np.vectorize(statistics.NormalDist().cdf, otypes=[float])


def predict_linear(window_seconds: float, request: Mapping[str, Any]) -> Answer:
    """Answer as the alert rule `predict_linear(x[window], horizon) >= limit` does: 0 or 1, by least squares."""
    rising = Rising.of(request)
    ahead, levels = rising.last(window_seconds)
    if ahead.size < 2:
        return {"prob": 0.0, "ttc": None, "lo": None, "hi": None}
    slope, level = least_squares(ahead, levels)
    time = 0.0 if level >= rising.limit else (rising.limit - level) / slope if slope > 0 else None
    return {"prob": float(level + slope * rising.horizon >= rising.limit), "ttc": time, "lo": time, "hi": time}


def gaussian(window_seconds: float, request: Mapping[str, Any]) -> Answer:
    """Answer by the same line with the normal prediction interval of a least-squares fit."""
    rising = Rising.of(request)
    ahead, levels = rising.last(window_seconds)
    if ahead.size < 3:
        return {"prob": 0.0, "ttc": None, "lo": None, "hi": None}
    slope, level = least_squares(ahead, levels)
    scatter = math.sqrt(float(((levels - level - slope * ahead) ** 2).sum()) / (ahead.size - 2))
    spread = float(((ahead - ahead.mean()) ** 2).sum())
    error = scatter * np.sqrt(1 + 1 / ahead.size + (AHEAD - ahead.mean()) ** 2 / spread)
    return answer_of(AHEAD, past_limit(level + slope * AHEAD, error, rising.limit), rising.horizon)


def theil_sen(request: Mapping[str, Any]) -> Answer:
    """Answer by the median slope of a week's hourly means, the slope's interval after Sen (1968) and the residuals."""
    rising = Rising.of(request)
    means = rising.hourly(WEEK_HOURS)
    if means.size < 3:
        return {"prob": 0.0, "ttc": None, "lo": None, "hi": None}
    # A mean stands for the middle of its hour.
    hours = np.arange(1 - means.size, 1.0) - 0.5
    slopes = _slopes(means)
    middle = slopes[SLOPES // 2]
    residuals = means - middle * hours
    level = float(np.median(residuals))
    towards = level + slopes[:, None] * AHEAD / HOUR_SECONDS
    short = np.sort(residuals - level)
    past = 1 - np.searchsorted(short, rising.limit - towards) / short.size
    return answer_of(AHEAD, past.mean(axis=0), rising.horizon)


def _slopes(means: np.ndarray) -> np.ndarray:
    """Return equally probable slopes per hour: order statistics of all pairs, as Kendall's variance spreads them."""
    earlier, later = np.triu_indices(means.size, 1)
    ordered = np.sort((means[later] - means[earlier]) / (later - earlier))
    deviation = math.sqrt(means.size * (means.size - 1) * (2 * means.size + 5) / 18)
    normal = statistics.NormalDist()
    places = [(ordered.size + deviation * normal.inv_cdf((node + 0.5) / SLOPES)) / 2 for node in range(SLOPES)]
    return np.interp(places, np.arange(ordered.size), ordered)


def least_squares(ahead: np.ndarray, levels: np.ndarray) -> tuple[float, float]:
    """Return the slope per second and the level at 0 of the least-squares line."""
    middle, mean = ahead.mean(), levels.mean()
    spread = float(((ahead - middle) ** 2).sum())
    slope = float(((ahead - middle) * (levels - mean)).sum()) / spread if spread else 0.0
    return slope, float(mean - slope * middle)


def past_limit(means: np.ndarray, errors: np.ndarray, limit: float) -> np.ndarray:
    """Return normal chances of being at or past the limit; without any error 0 or 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(errors > 0, (means - limit) / errors, np.where(means >= limit, np.inf, -np.inf))
    return _cdf(distance)


FORECASTERS: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
    "predict_linear[6h]": functools.partial(predict_linear, WINDOWS["6h"]),
    "predict_linear[7d]": functools.partial(predict_linear, WINDOWS["7d"]),
    "predict_linear[6h] with Gaussian residuals": functools.partial(gaussian, WINDOWS["6h"]),
    "predict_linear[7d] with Gaussian residuals": functools.partial(gaussian, WINDOWS["7d"]),
    "Theil-Sen": theil_sen,
}
