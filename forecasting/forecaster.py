"""The forecast of one series, from top to bottom: order, find the regime, measure it, and read all answers from one law."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecasting import explain, leak, regime
from forecasting.model import Bounds, Curve, Forecast, Limit, Question, Series, Terms
from forecasting.passage import Z95, Passage, passage
from forecasting.trend import Trend, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasting.model import Array
    from forecasting.regime import Regime

# Fewer cannot tell a trend from noise, whatever the caller allows.
FEWEST_SAMPLES = 10
CURVE_POINTS = 25
# Beyond these the arithmetic leaves the range of floats: values, and headroom in ranges of the series.
LARGEST_VALUE = 1e100
LARGEST_HEADROOM = 1e12
# Changes this small beside the values are the rounding of their writer.
FLAT_RATIO = 1e-12
_REACHED = Passage(np.zeros(1), np.ones(1))


@dataclasses.dataclass(frozen=True, slots=True)
class _Scale:
    """Oriented levels in ranges of their own series, so that neither unit nor offset matters to the model."""

    origin: float
    unit: float
    sign: float

    def inwards(self, oriented: Array) -> Array:
        return (oriented - self.origin) / self.unit

    def outwards(self, levels: Array) -> Array:
        return self.sign * (self.origin + self.unit * levels)


def forecast(questions: Sequence[Question]) -> list[Forecast]:
    """Forecast when each question's series reaches its limit, in the order asked; no answer depends on another's question."""
    return [_one(asked.series, asked.limit, asked.horizons, asked.terms) for asked in questions]


def _one(series: Series, limit: Limit, horizons: Sequence[float], terms: Terms) -> Forecast:
    """Forecast when `series` reaches `limit`, and how probably within each of `horizons` (seconds, > 0).

    The model is a robust trend since the last reset, action or turn, with a random walk around it; see `trend` and
    `passage`. Raises nothing, whatever the series holds: where no honest answer exists, the forecast has a reason.
    """
    sign = 1.0 if limit.direction == "up" else -1.0
    times, values = regime.ordered(series, terms.now)
    if not _in_domain(values, limit, horizons):
        return Forecast("The limit, a horizon or a value is no usable number.", "out_of_domain")
    if times.size and terms.now - times[-1] > terms.stale_after_seconds:
        return Forecast(f"The newest sample is {explain.span(terms.now - times[-1])} old.", "stale")
    present = regime.current(times, sign * values, terms.since)
    needed = max(terms.minimum_samples, FEWEST_SAMPLES)
    if present.times.size < needed:
        text = f"{present.times.size} samples since {present.began_by}, {needed} are needed."
        return Forecast(text, "not_enough_data")
    return _of_regime(present, sign, limit, horizons, needed)


def _in_domain(values: Array, limit: Limit, horizons: Sequence[float]) -> bool:
    numbers = np.abs(np.array([limit.value, *horizons, *values]))
    known = limit.direction in {"up", "down"} and bool(horizons) and min(horizons) > 0
    return known and bool(np.all(numbers < LARGEST_VALUE))


def _of_regime(present: Regime, sign: float, limit: Limit, horizons: Sequence[float], needed: int) -> Forecast:
    unit = float(np.ptp(present.levels))
    flat = unit <= FLAT_RATIO * float(np.max(np.abs(present.levels)))
    scale = _Scale(float(present.levels[-1]), 1.0 if flat else unit, sign)
    present, trend = measure(dataclasses.replace(present, levels=scale.inwards(present.levels)), needed)
    headroom = min((sign * limit.value - scale.origin) / scale.unit - trend.level, LARGEST_HEADROOM)
    if flat and headroom > 0:
        return Forecast(f"All {present.times.size} samples since {present.began_by} are the same.", "flat")
    law = passage(trend, headroom, horizons) if headroom > 0 else _REACHED
    slopes = scale.unit * (trend.drift + trend.drift_error * np.array([-Z95, 0.0, Z95]))
    found = leak.verdict(present, trend)
    return Forecast(
        explain.expected(present, trend.in_units_of(scale.unit), headroom * scale.unit, law.bounds()),
        since=float(present.times[0]),
        time_to_limit_seconds=law.bounds(),
        probabilities={horizon: law.within(horizon) for horizon in horizons},
        slope_per_second=Bounds(*slopes.tolist()),
        leak=dataclasses.replace(found, slope_per_second=scale.unit * found.slope_per_second),
        curve=_curve(trend, scale, max(horizons)),
    )


def _curve(trend: Trend, scale: _Scale, longest: float) -> Curve:
    ahead = np.linspace(0.0, longest, CURVE_POINTS)
    acting = trend.effective_seconds(ahead)
    band = Z95 * np.sqrt((trend.drift_error * acting) ** 2 + trend.wander * ahead + trend.scatter**2)
    middle = trend.level + trend.drift * acting
    edges = scale.outwards(middle - band), scale.outwards(middle + band)
    return Curve(ahead, np.minimum(*edges), scale.outwards(middle), np.maximum(*edges))
