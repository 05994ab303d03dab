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
SMALLEST_SPREAD = 1e-290
# What is older says less about the future than what it costs to look at.
LONGEST_SECONDS = 14 * 86400.0
# Changes this small beside the values are the rounding of their writer.
FLAT_RATIO = 1e-12
# So many samples in a row at or past the limit are a crossing; fewer are a spike.
SUSTAINED = 3


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One series ready to be forecast: `times` strictly ascending (Unix seconds), `levels` rising towards `limit`.

    `sustained` is what the last three samples reached, so a spike is none of it; the first ones take after the third.
    `sign` turns levels back into values, `spread` is the range of the sustained levels, `began_by` what began the regime.
    """

    question: Question
    times: Array
    levels: Array
    sustained: Array
    sign: float
    spread: float
    began_by: str

    @property
    def level(self) -> float:
        """The present sustained level."""
        return float(self.sustained[-1])

    @property
    def limit(self) -> float:
        """The limit as a level; infinite where there is none."""
        asked = self.question.limit
        return self.sign * asked.value if asked else np.inf

    @property
    def needed(self) -> int:
        """How many samples a forecast needs."""
        return _needed(self.question)


def course_of(question: Question) -> Course | Forecast:
    """Return the question's samples since its regime began as a course, or a forecast that only has a reason."""
    terms = question.terms
    if not _askable(question.limit, question.horizons) or not math.isfinite(terms.recalibration):
        return Forecast(explain.OUT_OF_DOMAIN, "out_of_domain")
    sign = -1.0 if question.limit and question.limit.direction == "down" else 1.0
    times, values, began_by = _clean(question)
    if times.size and terms.now - times[-1] > terms.stale_after_seconds:
        return Forecast(explain.stale(terms.now - float(times[-1])), "stale")
    if times.size < _needed(question):
        return Forecast(explain.too_few(times.size, _needed(question), began_by), "not_enough_data")
    top, bottom = float(values.max()), float(values.min())
    if max(top, -bottom) >= LARGEST_VALUE:
        return Forecast(explain.OUT_OF_DOMAIN, "out_of_domain")
    levels = sign * values if sign < 0 else values
    sustained = sustained_of(levels)
    course = Course(question, times, levels, sustained, sign, float(sustained.max() - sustained.min()), began_by)
    if course.spread <= max(FLAT_RATIO * max(top, -bottom), SMALLEST_SPREAD) and course.level < course.limit:
        return Forecast(explain.flat(times.size), "flat")
    return course


def _needed(question: Question) -> int:
    return max(question.terms.minimum_samples, FEWEST_SAMPLES)


def sustained_of(levels: Array) -> Array:
    """Return the running minimum of three levels; the first two, which have not three, take after the third."""
    sustained = np.empty_like(levels)
    np.minimum(levels[1:], levels[:-1], out=sustained[1:])
    np.minimum(sustained[2:], levels[:-2], out=sustained[2:])
    sustained[: SUSTAINED - 1] = sustained[SUSTAINED - 1]
    return sustained


def _askable(limit: Limit | None, horizons: tuple[float, ...]) -> bool:
    known = limit is None or (limit.direction in {"up", "down"} and abs(limit.value) < LARGEST_VALUE)
    return known and bool(horizons) and all(0 < horizon < LARGEST_VALUE for horizon in horizons)


def _clean(question: Question) -> tuple[Array, Array, str]:
    """Return times in order and finite values of the last days up to now, and what they begin with; what is clean is not copied."""
    terms = question.terms
    times = question.series.timestamps.astype(np.float64, copy=False)
    values = question.series.values.astype(np.float64, copy=False)
    # A comparison with NaN is false, so these few say that all is well.
    clean = times.size > 1 and bool((times[1:] > times[:-1]).all()) and bool(np.isfinite(values).all())
    if not clean or not times[-1] <= terms.now:
        times, values = regime.ordered(question.series, terms.now)
    marked = times.size > 0 and bool(times[0] <= terms.since)
    begin = max(terms.since, terms.now - LONGEST_SECONDS) if marked else terms.now - LONGEST_SECONDS
    if times.size and times[0] <= begin:
        first = int(np.searchsorted(times, begin, side="right"))
        times, values = times[first:], values[first:]
    return times, values, "the last action" if marked else "the start of the data"
