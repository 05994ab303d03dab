"""Rules that people tell leaks by: Prometheus' deriv, and the Mann-Kendall test with a line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.marginal import HOUR_SECONDS, Answer, Rising
from bench.straight import WEEK_HOURS, WINDOWS, least_squares

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Growth in a week that `deriv[7d]` calls a leak, of the week's mean.
GROWN_RATIO = 0.1
# One-sided 5 % of the normal distribution.
SIGNIFICANT = 1.645


def deriv_hour(request: Mapping[str, Any]) -> Answer:
    """Flag what `deriv(x[1h]) > 0` does."""
    ahead, levels = Rising.of(request).last(HOUR_SECONDS)
    slope = least_squares(ahead, levels)[0] if ahead.size > 1 else 0.0
    return _answer(slope > 0, slope, slope)


def deriv_week(request: Mapping[str, Any]) -> Answer:
    """Flag what `deriv(x[7d]) * 7 * 86400 > 0.1 * avg_over_time(x[7d])` does."""
    ahead, levels = Rising.of(request).last(WINDOWS["7d"])
    slope, _ = least_squares(ahead, levels)
    growth = slope * WINDOWS["7d"] / max(abs(float(levels.mean())), 1e-12)
    return _answer(growth > GROWN_RATIO, slope, growth)


def mann_kendall(request: Mapping[str, Any]) -> Answer:
    """Flag a week's hourly means that rise by the test of Mann (1945) and Kendall (1948); the slope is least squares'."""
    rising = Rising.of(request)
    means = rising.hourly(WEEK_HOURS)
    earlier, later = np.triu_indices(means.size, 1)
    order = float(np.sign(means[later] - means[earlier]).sum())
    deviation = math.sqrt(means.size * (means.size - 1) * (2 * means.size + 5) / 18)
    slope, _ = least_squares(*rising.last(WINDOWS["7d"]))
    return _answer(order / deviation > SIGNIFICANT, slope, order / deviation)


def _answer(leak: bool, slope_per_second: float, score: float) -> Answer:
    return {"leak": leak, "slope_per_h": slope_per_second * HOUR_SECONDS, "leak_score": score}


RULES: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
    "`deriv[1h] > 0`": deriv_hour,
    "`deriv[7d] > 10 %`": deriv_week,
    "Mann-Kendall and a line": mann_kendall,
}
