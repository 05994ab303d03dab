"""The exporter's real API with forecasts of courses that a test makes up, and Prometheus with their past."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from exporter.assertion import Standing, stand
from exporter.collector import State, render
from exporter.cycle import Answer, Prediction, Result
from exporter.load import Loads
from exporter.model import Key, LeakRule, Reading
from exporter.web import make_app
from forecasting import Limit, Question, Series, Terms, forecast
from homeostat.config.types import Assertion as Rules
from tests.httpd import Asked, Reply
from tests.support import DAY, HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homeostat.clock import Clock

GB = 1e9
HORIZONS = (DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)
_STEP = 600.0


@dataclasses.dataclass(frozen=True)
class Course:
    """A target of which so much of the limit is used now, that grows so much of it in a day, for a week by now."""

    target: str
    used: float = 0.8
    a_day: float = 0.02
    problem: str = "disk_exhaustion"
    resource: str = "filesystem"
    host: str = HOST
    samples: int = int(7 * DAY / _STEP)

    @property
    def labels(self) -> dict[str, str]:
        return {"host": self.host, "problem": self.problem, "target": self.target, "resource": self.resource}

    def past(self, now: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return its times and how much was used at them, with a little of the day's rhythm."""
        times = now - np.arange(self.samples)[::-1] * _STEP
        return times, self.used - self.a_day * (now - times) / DAY + 0.004 * np.sin(times / DAY * 2 * math.pi)


def exporter(courses: Sequence[Course], clock: Clock, loads: Loads | None = None) -> Any:
    """Return what answers as an exporter that has just forecast these."""
    now = clock.now()
    result = Result({"filesystem": Answer(_predictions(courses, now), clock.monotonic(), 300.0)})
    state = State(render(result), HOST, reloaded=True, reloaded_at=0.0, loads=loads or Loads())
    client = make_app(lambda: state, clock).test_client()

    def answer(asked: Asked) -> Reply:
        said = client.get(asked.path, query_string=asked.query)
        return Reply(said.data, said.status_code, {"Content-Type": "application/json"})

    return answer


def _predictions(courses: Sequence[Course], now: float) -> tuple[Prediction, ...]:
    readings = [_reading(course, now) for course in courses]
    answers = forecast([Question(reading.series, reading.limit, HORIZONS, Terms(now, unit=reading.unit)) for reading in readings])
    rules = Rules()
    predictions = []
    for reading, expected in zip(readings, answers, strict=True):
        once = stand(Standing(), reading, expected, rules, now - 60)
        predictions.append(Prediction(reading, expected, stand(once, reading, expected, rules, now)))
    return tuple(predictions)


def _reading(course: Course, now: float) -> Reading:
    times, used = course.past(now)
    leaks = LeakRule(1e6, DAY) if course.problem == "memory_leak" else None
    return Reading(
        key=Key(course.problem, course.host, course.target, course.resource),
        series=Series(times, used * 100 * GB),
        limit=Limit(100 * GB),
        unit="bytes",
        action_horizon_seconds=14 * DAY,
        usage_ratio=float(used[-1]),
        usage_per_unit=1 / (100 * GB),
        age_seconds=5.0,
        leak_rule=leaks,
    )


def used_in(courses: Sequence[Course], asked: Asked, now: float) -> Reply:
    """Answer a range as Prometheus does: how much was used of each, whatever the query chooses."""
    start, end, step = (float(asked.form[name]) for name in ("start", "end", "step"))
    at = np.arange(start, end + 1, step)
    rows = []
    for course in courses:
        values = np.interp(at, *course.past(now), left=math.nan)
        rows.append({"metric": course.labels, "values": [[float(time), str(value)] for time, value in zip(at, values, strict=True) if not math.isnan(value)]})
    return Reply({"status": "success", "data": {"resultType": "matrix", "result": rows}})


A_FEW = (
    Course("/srv/media", used=0.93, a_day=0.02),
    Course("/", used=0.62, a_day=0.006),
    Course("jellyfin", used=0.7, a_day=0.05, problem="memory_leak", resource="memory"),
    Course("/var/lib/containers", used=0.4, a_day=0.0),
    Course("new", samples=5),
    Course("/srv/media", used=0.3, a_day=0.001, problem="inode_exhaustion", resource="inodes"),
    Course("/elsewhere", host="other"),
)
