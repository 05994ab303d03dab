"""Makes a course of a question: clean samples whose levels rise towards the limit, or the reason why there is none."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from forecasting import explain, regime
from forecasting.model import Array, Forecast, Question

if TYPE_CHECKING:
    from forecasting.model import Limit

# Fewer cannot tell a trend from noise, whatever the caller allows.
FEWEST_SAMPLES = 10
# Beyond this the arithmetic leaves the range of floats.
LARGEST_VALUE = 1e100
LONGEST_SPAN_SECONDS = 1e11
# Changes this small beside the values are the rounding of their writer.
FLAT_RATIO = 1e-12
# So many samples in a row at or past the limit are a crossing; fewer are a spike.
SUSTAINED = 3


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One series ready to be forecast: `times` strictly ascending (Unix seconds), `levels` rising towards `limit`.

    `sign` turns levels back into values, `level` is the present sustained level, `spread` the range of all levels.
    """

    question: Question
    times: Array
    levels: Array
    sign: float
    level: float
    spread: float

    @property
    def limit(self) -> float:
        """The limit as a level; infinite where there is none."""
        asked = self.question.limit
        return self.sign * asked.value if asked else np.inf

    @property
    def needed(self) -> int:
        """How many samples a forecast needs."""
        return max(self.question.terms.minimum_samples, FEWEST_SAMPLES)


def course_of(question: Question) -> Course | Forecast:
    """Return the question's samples since its regime began as a course, or a forecast that only has a reason."""
    terms = question.terms
    if not _askable(question.limit, question.horizons):
        return Forecast(explain.OUT_OF_DOMAIN, "out_of_domain")
    sign = -1.0 if question.limit and question.limit.direction == "down" else 1.0
    times, values = _clean(question)
    if times.size and terms.now - times[-1] > terms.stale_after_seconds:
        return Forecast(explain.stale(terms.now - float(times[-1])), "stale")
    if times.size < max(terms.minimum_samples, FEWEST_SAMPLES):
        return Forecast(explain.too_few(times.size, max(terms.minimum_samples, FEWEST_SAMPLES), terms.since), "not_enough_data")
    top, bottom = float(values.max()), float(values.min())
    if max(top, -bottom) >= LARGEST_VALUE or times[-1] - times[0] >= LONGEST_SPAN_SECONDS:
        return Forecast(explain.OUT_OF_DOMAIN, "out_of_domain")
    levels = sign * values if sign < 0 else values
    course = Course(question, times, levels, sign, float(levels[-SUSTAINED:].min()), top - bottom)
    if course.spread <= FLAT_RATIO * max(top, -bottom) and course.level < course.limit:
        return Forecast(explain.flat(times.size), "flat")
    return course


def _askable(limit: Limit | None, horizons: tuple[float, ...]) -> bool:
    known = limit is None or (limit.direction in {"up", "down"} and abs(limit.value) < LARGEST_VALUE)
    return known and bool(horizons) and all(0 < horizon < LARGEST_VALUE for horizon in horizons)


def _clean(question: Question) -> tuple[Array, Array]:
    """Return times in order and finite values after the regime's beginning and up to now; what is clean is not copied."""
    times, values, terms = question.series.timestamps, question.series.values, question.terms
    # A comparison with NaN is false, so these few say that all is well.
    clean = times.size > 1 and bool((times[1:] > times[:-1]).all()) and math.isfinite(values.max() - values.min())
    if not clean or not times[-1] <= terms.now:
        times, values = regime.ordered(question.series, terms.now)
    if times.size and times[0] <= terms.since:
        first = int(np.searchsorted(times, terms.since, side="right"))
        times, values = times[first:], values[first:]
    return times, values
