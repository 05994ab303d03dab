"""Generated disks whose forecasts docs/forecasting.md shows: courses of bench.courses, drawn with fixed seeds that make them easy to read."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from bench.courses import Falls, written
from bench.traces import DAY, STEP_SECONDS, Library
from forecasting import Forecast, Limit, Question, Series, Terms, forecast

if TYPE_CHECKING:
    from collections.abc import Callable

PAST, FUTURE = 14 * DAY, 14 * DAY
LIMIT_PERCENT = 90.0
HORIZONS = (86400.0, 7 * 86400.0, 14 * 86400.0)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A disk's use in percent before and after now (seconds from now), its limit, and the forecast from the past alone."""

    past_seconds: np.ndarray
    past: np.ndarray
    future_seconds: np.ndarray
    future: np.ndarray
    limit: float
    forecast: Forecast


def filling() -> Example:
    """Grow by several % a day, of which a nightly rotation takes back a part."""
    random = np.random.default_rng(13)
    return _example(40 + 5 * Falls(DAY, 0.4, 0.4).of(random, written(random, Library(), PAST + FUTURE)))


def emptied() -> Example:
    """Grow by several % a day, all of which a nightly rotation takes back."""
    random = np.random.default_rng(102)
    return _example(62 + 12 * Falls(DAY, 1.0, 1.0).of(random, written(random, Library(), PAST + FUTURE)))


def _example(percent: np.ndarray) -> Example:
    seconds = (np.arange(percent.size) - PAST + 1) * STEP_SECONDS
    question = Question(Series(seconds[:PAST], percent[:PAST]), Limit(LIMIT_PERCENT), HORIZONS, Terms(0.0))
    return Example(seconds[:PAST], percent[:PAST], seconds[PAST:], percent[PAST:], LIMIT_PERCENT, forecast([question])[0])


EXAMPLES: dict[str, Callable[[], Example]] = {
    "A disk that fills beneath its nightly rotation": filling,
    "A disk that is emptied every night": emptied,
}
