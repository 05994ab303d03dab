"""Forecasts a batch, top to bottom: clean each series, judge the familiar ones together, extrapolate the others."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from forecasting.course import Course, course_of
from forecasting.judge import familiar, judge
from forecasting.learned import learned
from forecasting.model import Forecast
from forecasting.unlearned import extrapolate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecasting.model import Question

# So many series at a time keep numpy busy and memory bounded, however long the batch.
BLOCK = 1024


def forecast(questions: Sequence[Question]) -> list[Forecast]:
    """Forecast when each question's series reaches its limit, in the order asked.

    Raises nothing, whatever the series hold: where no honest answer exists, the forecast has a reason. No answer depends
    on another's question.
    """
    blocks = (questions[start : start + BLOCK] for start in range(0, len(questions), BLOCK))
    return list(itertools.chain.from_iterable(map(_block, blocks)))


def _block(questions: Sequence[Question]) -> list[Forecast]:
    courses = [course_of(question) for question in questions]
    numbers = learned()
    known = [course if numbers and isinstance(course, Course) and familiar(course) else None for course in courses]
    judged = iter(judge([course for course in known if course], numbers) if numbers else ())
    return [next(judged) if each else _alone(course) for course, each in zip(courses, known, strict=True)]


def _alone(course: Course | Forecast) -> Forecast:
    return course if isinstance(course, Forecast) else extrapolate(course)
