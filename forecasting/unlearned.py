"""The forecast of one course without learned numbers, top to bottom: find the regime, measure it, and read one law.

A robust trend since the last reset, action or turn, with a random walk around it (see `trend` and `passage`). It answers
for courses unlike those that were learned from: seen for minutes, or sampled every hour.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from forecasting import explain, leak, regime
from forecasting.course import FLAT_RATIO
from forecasting.model import Bounds, Curve, Forecast
from forecasting.passage import Z95, Passage, passage
from forecasting.trees import probability
from forecasting.trend import Trend, measure

if TYPE_CHECKING:
    from forecasting.course import Course
    from forecasting.model import Array

CURVE_POINTS = 25
# Headroom in ranges of the series beyond which the arithmetic leaves the range of floats.
LARGEST_HEADROOM = 1e12
_REACHED = Passage(np.zeros(1), np.ones(1))


@dataclasses.dataclass(frozen=True, slots=True)
class _Scale:
    """Levels in ranges of their own series, so that neither unit nor offset matters to the model."""

    origin: float
    unit: float
    sign: float

    def inwards(self, oriented: Array) -> Array:
        return (oriented - self.origin) / self.unit

    def outwards(self, levels: Array) -> Array:
        return self.sign * (self.origin + self.unit * levels)


def extrapolate(course: Course) -> Forecast:
    """Forecast `course`; too few samples since its last reset give a reason instead."""
    present = regime.current(course.times, course.levels, course.began_by)
    if present.times.size < course.needed:
        text = f"{present.times.size} samples since {present.began_by}, {course.needed} are needed."
        return Forecast(text, "not_enough_data")
    unit = float(np.ptp(present.levels))
    if unit <= FLAT_RATIO * float(np.max(np.abs(present.levels))):
        if course.level < course.limit:
            return Forecast(explain.flat(present.times.size), "flat")
        unit = 1.0
    scale = _Scale(float(present.levels[-1]), unit, course.sign)
    present, trend = measure(dataclasses.replace(present, levels=scale.inwards(present.levels)), course.needed)
    headroom = min((course.limit - scale.origin) / unit - trend.level, LARGEST_HEADROOM)
    law = _law(course, trend, headroom)
    slopes = unit * (trend.drift + trend.drift_error * np.array([-Z95, 0.0, Z95]))
    found = leak.verdict(present, trend)
    left = headroom * unit if math.isfinite(course.limit) else math.inf
    return Forecast(
        explain.expected(present, trend.in_units_of(unit), left, law.bounds(), course.question.terms.unit),
        since=float(present.times[0]),
        time_to_limit_seconds=law.bounds(),
        probabilities={horizon: law.within(horizon) for horizon in course.question.horizons},
        slope_per_second=Bounds(*slopes.tolist()),
        leak=dataclasses.replace(found, slope_per_second=unit * found.slope_per_second),
        curve=_curve(trend, scale, max(course.question.horizons)),
    )


def _law(course: Course, trend: Trend, headroom: float) -> Passage:
    if headroom <= 0:
        return _REACHED
    law = passage(trend, headroom, course.question.horizons)
    shift = course.question.terms.recalibration
    if not shift:
        return law
    odds = np.log(np.maximum(law.probabilities, 1e-12)) - np.log(np.maximum(1 - law.probabilities, 1e-12))
    return Passage(law.seconds, probability(odds + shift))


def _curve(trend: Trend, scale: _Scale, longest: float) -> Curve:
    ahead = np.linspace(0.0, longest, CURVE_POINTS)
    acting = trend.effective_seconds(ahead)
    band = Z95 * np.sqrt((trend.drift_error * acting) ** 2 + trend.wander * ahead + trend.scatter**2)
    middle = trend.level + trend.drift * acting
    edges = scale.outwards(middle - band), scale.outwards(middle + band)
    return Curve(ahead, np.minimum(*edges), scale.outwards(middle), np.maximum(*edges))
