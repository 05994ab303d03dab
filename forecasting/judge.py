"""Forecasts a block of courses by what was learned: features, trees, and one distribution from which all answers are read."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from forecasting import explain
from forecasting.explain import Facts
from forecasting.features import LADDER_HOURS, features_of, view_of
from forecasting.grids import HOUR_SECONDS, block_of
from forecasting.growth import STEP_HOURS, growth_of
from forecasting.ladder import KNOTS_SECONDS, Laws
from forecasting.model import Bounds, Curve, Forecast, Leak
from forecasting.passage import Z95
from forecasting.trees import probability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasting.course import Course
    from forecasting.features import Features, View
    from forecasting.learned import Learned
    from forecasting.model import Array

# What was learned holds for series seen at least so long, so often, and so lately.
LEAST_SPAN_SECONDS = 1.5 * HOUR_SECONDS
LARGEST_SPACING_SECONDS = HOUR_SECONDS / 2
LATEST_SECONDS = 6 * HOUR_SECONDS
# The median day speaks for the growth from so many days on.
FEW_DAYS = 3
_EVENLY = np.linspace(0.0, 1.0, 25)
# The standard error of a median in standard errors of a mean, for normal noise.
_MEDIAN_ERROR = 1.2533


def familiar(course: Course) -> bool:
    """Say whether a course is of the kind that the numbers were learned from; others are for the unlearned law."""
    span = float(course.times[-1] - course.times[0])
    return (
        course.spread > 0
        and span >= LEAST_SPAN_SECONDS
        and span <= LARGEST_SPACING_SECONDS * course.times.size
        and course.question.terms.now - course.times[-1] <= LATEST_SECONDS
    )


def judge(courses: Sequence[Course], learned: Learned) -> list[Forecast]:
    """Forecast familiar courses, each for itself, in their order."""
    if not courses:
        return []
    view = view_of(block_of(courses))
    features = features_of(view)
    laws = Laws(_probabilities(courses, learned.crossings(features)))
    answers = _Answers(
        times=np.stack([laws.after(0.05), laws.after(0.5), laws.after(0.95)], axis=1),
        slopes=_slopes(view, np.array([course.spread for course in courses]) / HOUR_SECONDS),
        leaks=_leaks(view, learned, courses),
        chances=_by_horizons(courses, laws),
    )
    beside = zip(courses, _facts(courses, view, features), _curves(courses, answers), strict=True)
    return [_answer(course, answers, row, facts, curve) for row, (course, facts, curve) in enumerate(beside)]


def _probabilities(courses: Sequence[Course], logits: Array) -> Array:
    """Probabilities at the knots [n, knots]: recalibrated, never falling; 1 where the limit is reached, 0 where there is none."""
    logits = logits + np.array([course.question.terms.recalibration for course in courses])[:, None]
    found = np.zeros((len(courses), KNOTS_SECONDS.size))
    found[:, 1:] = np.maximum.accumulate(probability(logits), axis=1)
    found[[course.level >= course.limit for course in courses]] = 1.0
    found[[course.question.limit is None for course in courses]] = 0.0
    return found


def _by_horizons(courses: Sequence[Course], laws: Laws) -> list[dict[float, float]]:
    """Read each course's own horizons off its law."""
    asked = [tuple(course.question.horizons) for course in courses]
    tables = {horizons: laws.within(horizons).tolist() for horizons in set(asked)}
    return [dict(zip(horizons, tables[horizons][row], strict=True)) for row, horizons in enumerate(asked)]


def _slopes(view: View, unit: Array) -> Array:
    """Lower bound, median and upper bound of the growth [n, 3] in `unit` each.

    The median day's growth, deaf to nightly jobs and single steps; of less than three days, the growth from end to end.
    A reset, as a clean-up or a restart leaves it, begins a new regime.
    """
    reset, hours = _regime(view)
    days = view.days.since(hours)
    daily = _MEDIAN_ERROR * days.unrest() / np.sqrt(np.maximum(days.count, 1)) / 24
    seen = days.count >= FEW_DAYS
    end_to_end = np.where(reset, view.growth["since_fall"], view.growth["335h"])
    middle = np.where(seen, days.typical() / 24, end_to_end) * unit
    error = np.where(seen, daily, view.unrest / np.sqrt(hours)) * unit
    return middle[:, None] + error[:, None] * np.array([-Z95, 0.0, Z95])


def _regime(view: View) -> tuple[Array, Array]:
    """Whether the present regime began with a reset [n], and how many hours it has lasted [n]."""
    reset = view.teeth.reset(view.range)
    return reset, np.where(reset, view.teeth.since_hours, np.maximum(view.known.sum(axis=1), 1))


def _leaks(view: View, learned: Learned, courses: Sequence[Course]) -> Array:
    """Confidence of a leak and growth per second [n, 2]: a leak's learned growth, else the median rise of floors."""
    growth = growth_of(view.block.hours)
    sure, leaking = learned.leaks(view.block.hours, growth)
    floors = growth.features[:, growth.names.index("floor_sen")] / STEP_HOURS * growth.range
    unit = np.array([course.spread for course in courses]) / HOUR_SECONDS
    return np.stack([sure, np.where(sure >= 0.5, leaking, floors) * unit], axis=1)


def _facts(courses: Sequence[Course], view: View, features: Features) -> list[Facts]:
    """Collect what an explanation tells beside the answer: the replayed days and the saw-tooth, as far as they were seen."""
    rungs = [LADDER_HOURS.index(hours) for hours in explain.REPLAYED_HOURS]
    replays = features.rung[:, rungs, features.names.index("replays_1") - features.fixed.shape[1]]
    teeth = view.teeth
    reset, hours = _regime(view)
    now = np.array([course.question.terms.now for course in courses])
    first = np.array([course.times[0] for course in courses])
    since = np.where(reset, np.maximum(now - hours * HOUR_SECONDS, first), first)
    columns = (since, reset, view.days.count, teeth.count, teeth.interval_hours, teeth.highest, *replays.T)
    return [Facts(*row) for row in np.stack(columns, axis=1).tolist()]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """What was found for a block, a row a course: times and slopes [n, 3], leaks [n, 2], and probabilities by horizon."""

    times: Array
    slopes: Array
    leaks: Array
    chances: list[dict[float, float]]


def _answer(course: Course, answers: _Answers, row: int, facts: Facts, curve: Curve) -> Forecast:
    times, slopes = Bounds(*answers.times[row].tolist()), Bounds(*answers.slopes[row].tolist())
    return Forecast(
        explain.judged(course, facts, slopes.median, times),
        since=facts.since,
        time_to_limit_seconds=times,
        probabilities=answers.chances[row],
        slope_per_second=slopes,
        leak=Leak(*answers.leaks[row].tolist()),
        curve=curve,
    )


def _curves(courses: Sequence[Course], answers: _Answers) -> list[Curve]:
    """Straight lines to the limit at the bounds of its time, and on by the slope; unreached, growth that stays short of it."""
    longest = np.array([max(chances) for chances in answers.chances])
    likely = np.array([max(chances.values()) for chances in answers.chances])
    sign = np.array([course.sign for course in courses])[:, None, None]
    level = np.array([course.level for course in courses])[:, None, None]
    headroom = np.array([course.limit for course in courses])[:, None] - level[:, 0]
    ahead = longest[:, None] * _EVENLY
    times, slopes = answers.times[:, ::-1, None], answers.slopes[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        short = np.minimum(slopes, 2 * (likely / longest)[:, None, None] * headroom[:, :, None]) * ahead[:, None]
        beyond = np.maximum(slopes, 0) * np.maximum(ahead[:, None] - times, 0)
        reaching = headroom[:, :, None] * np.minimum(ahead[:, None] / times, 1) + beyond
        rise = np.where(np.isfinite(times), reaching, short)
    limited = (np.isfinite(headroom) & (headroom > 0))[:, :, None]
    rise = np.where(limited, rise, slopes * ahead[:, None])
    edges = np.sort(sign * (level + rise), axis=1)
    return [Curve(times, *bounds) for times, bounds in zip(ahead, edges, strict=True)]
