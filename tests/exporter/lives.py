"""A disk's life as the exporter sees it from cycle to cycle, for the tests of what was forecast against what happened."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from exporter.book import Turn
from exporter.model import Key, Reading
from forecasting import Bounds, Forecast, Limit, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# On a step, so that the newest sample is never older than a step.
START = 1_699_999_800.0
STEP, HOUR, DAY = 300.0, 3600.0, 86400.0
NEVER = Bounds(math.inf, math.inf, math.inf)


def key(target: str = "/srv", problem: str = "disk_exhaustion") -> Key:
    return Key(problem, "box", target, "filesystem")


@dataclasses.dataclass
class Life:
    """One series: its value (bytes used of 100) at a time, and what is forecast of it; `unseen` says when it has no samples."""

    value: Callable[[float], float] = lambda _: 10.0
    probability: float = 0.1
    bounds: Bounds = NEVER
    target: str = "/srv"
    problem: str = "disk_exhaustion"
    limit: Limit = dataclasses.field(default_factory=lambda: Limit(100.0))
    unseen: Callable[[float], bool] = lambda _: False

    def reading(self, now: float, window: float = 7 * DAY) -> Reading | None:
        first = math.ceil((now - window) / STEP) * STEP
        times = np.array([at for at in np.arange(first, now + 1, STEP) if not self.unseen(at)])
        if not times.size:
            return None
        values = np.array([self.value(at) for at in times])
        series = Series(times, values)
        used = values[-1] / 100
        return Reading(key(self.target, self.problem), series, self.limit, "bytes", 14 * DAY, used, 0.01, now - times[-1])

    def forecast(self, now: float, horizons: Iterable[float]) -> Forecast:
        stale = self.unseen(now)
        if stale:
            return Forecast("It is old.", "stale")
        return Forecast("x", since=0.0, time_to_limit_seconds=self.bounds, probabilities=dict.fromkeys(horizons, self.probability))


def turn(now: float, *lives: Life, horizons: tuple[float, ...] = (DAY,), mark: float = -math.inf, window: float = 7 * DAY) -> Turn:
    """Return what one cycle makes of these lives; `mark` is when the actor touched the first of them."""
    readings = [(life.reading(now, window), life.forecast(now, horizons)) for life in lives]
    seen = [(reading, forecast) for reading, forecast in readings if reading is not None]
    return Turn(now, seen, {("box", lives[0].target): mark} if lives else {}, horizons, STEP)
