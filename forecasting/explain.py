"""Says a forecast in one plain sentence with its numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecasting.model import Bounds
    from forecasting.regime import Regime
    from forecasting.trend import Trend

_UNITS = (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0))


def span(seconds: float) -> str:
    """Write a time span for people: `2.5 min`, `3.1 d`, `never` for infinity."""
    if math.isinf(seconds):
        return "never"
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.2g} s"


def expected(regime: Regime, trend: Trend, headroom: float, bounds: Bounds) -> str:
    """Explain a forecast: the regime, its drift and scatter, the headroom, and what follows."""
    saturates = "" if math.isinf(trend.damping_seconds) else f", dying out over {span(trend.damping_seconds)}"
    return (
        f"In the {span(trend.seconds)} since {regime.began_by} ({regime.times.size} samples) it moved "
        f"{trend.drift:+.4g} per second towards the limit{saturates}, give or take {1.645 * trend.drift_error:.2g}, "
        f"with a scatter of {trend.scatter:.2g}; {_outlook(headroom, bounds)}."
    )


def _outlook(headroom: float, bounds: Bounds) -> str:
    if headroom <= 0:
        return "the limit is reached"
    interval = f"90 % interval {span(bounds.lower)} to {span(bounds.upper)}"
    return f"{headroom:.4g} are left, which takes {span(bounds.median)} ({interval})"
