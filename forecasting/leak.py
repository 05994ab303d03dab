"""Tells a leak, which grows as long as it is watched, from warm-up, a full cache, a step and a saw-tooth."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import numpy as np

from forecasting.model import Leak
from forecasting.trend import floors

if TYPE_CHECKING:
    from forecasting.regime import Regime
    from forecasting.trend import Trend

# The floors of six equal parts: what is never given back.
PARTS = 6
# Growth counts as lasting from a quarter of the mean growth in the slow parts on, and fully from three quarters.
LASTS_FROM, LASTS_SURELY = 0.25, 0.75


def verdict(regime: Regime, trend: Trend) -> Leak:
    """Return the leak verdict: the chance that the drift is real, less where floors do not rise all along, none where it dies out."""
    _, levels = floors(regime, PARTS)
    rises = np.diff(levels)
    mean = float(np.mean(rises))
    if mean <= 0 or trend.drift <= 0 or math.isfinite(trend.damping_seconds):
        return Leak(0.0, trend.drift)
    slowest = min(float(np.median(rises)), float(np.mean(rises[-2:])))
    lasting = min(max((slowest / mean - LASTS_FROM) / (LASTS_SURELY - LASTS_FROM), 0.0), 1.0)
    return Leak(statistics.NormalDist().cdf(trend.drift / trend.drift_error) * lasting, trend.drift)
