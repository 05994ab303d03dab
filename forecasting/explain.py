"""Says a forecast in one plain sentence with its numbers."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from forecasting.passage import Z95

if TYPE_CHECKING:
    from forecasting.course import Course
    from forecasting.model import Bounds
    from forecasting.regime import Regime
    from forecasting.trend import Trend

OUT_OF_DOMAIN = "The limit, a horizon or a value is no usable number."
_DAY, _HOUR = 86400.0, 3600.0
_BYTES = ("B", "kB", "MB", "GB", "TB", "PB")
_UNITS = (("y", 365 * _DAY), ("d", _DAY), ("h", _HOUR), ("min", 60.0), ("s", 1.0))


# The horizons whose replays an explanation counts.
REPLAYED_HOURS = (24.0, 168.0, 720.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What was seen of a course: when its regime began and whether with a reset, whole days, falls and their rhythm.

    `ceiling`, the highest that it fell from, is relative to the present level, in ranges of the course. The last three are
    the shares of replays of those days that reach the limit within a day, a week and a month; negative without a day.
    """

    since: float
    reset: float
    days: float
    falls: float
    interval_hours: float
    ceiling: float
    day: float
    week: float
    month: float


def span(seconds: float) -> str:
    """Write a time span for people: `2.5 min`, `3.1 d`, `never` for infinity."""
    if math.isinf(seconds):
        return "never"
    for unit, length in _UNITS:
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.2g} s"


def amount(value: float, unit: str, sign: str = "") -> str:
    """Write an amount in its unit for people: `2 GB`, `3.5 %`, `1.5 h`; `sign` is `+` where a rise is to have one."""
    if unit == "ratio":
        return f"{100 * value:{sign}.3g} %"
    if unit == "seconds" and math.isfinite(value):
        return f"{'-' if value < 0 else sign}{span(abs(value))}"
    if unit != "bytes":
        return f"{value:{sign}.4g}"
    power = 0
    # What would be rounded to a thousand is one of the next.
    while abs(value) >= 999.5 and power < len(_BYTES) - 1:
        value, power = value / 1000, power + 1
    return f"{value:{sign}.3g} {_BYTES[power]}"


def expected(regime: Regime, trend: Trend, headroom: float, bounds: Bounds, unit: str = "") -> str:
    """Explain a forecast: the regime, its drift and scatter, the headroom, and what follows."""
    saturates = "" if math.isinf(trend.damping_seconds) else f", dying out over {span(trend.damping_seconds)}"
    return (
        f"In the {span(trend.seconds)} since {regime.began_by} ({regime.times.size} samples) it moved "
        f"{amount(trend.drift, unit, '+')} per second towards the limit{saturates}, give or take {amount(Z95 * trend.drift_error, unit)}, "
        f"with a scatter of {amount(trend.scatter, unit)}; {_outlook(headroom, bounds, unit)}."
    )


def _outlook(headroom: float, bounds: Bounds, unit: str) -> str:
    if headroom <= 0:
        return "the limit is reached"
    if math.isinf(headroom):
        return "it has no limit"
    interval = f"90 % interval {span(bounds.lower)} to {span(bounds.upper)}"
    takes = f"which takes {span(bounds.median)}" if math.isfinite(bounds.median) else "more than it is likely to take"
    return f"{amount(headroom, unit)} are left, {takes} ({interval})"


def stale(seconds: float) -> str:
    """Say that the newest sample is too old."""
    return f"The newest sample is {span(seconds)} old."


def too_few(samples: int, needed: int, began_by: str) -> str:
    """Say that there are too few samples since the data, or the regime after an action, began."""
    return f"{samples} samples since {began_by}, {needed} are needed."


def flat(samples: int) -> str:
    """Say that nothing moves."""
    return f"Nothing lasting moves in all {samples} samples."


def judged(course: Course, facts: Facts, growth: float, bounds: Bounds) -> str:
    """Explain a learned forecast: the regime, its usual growth, its saw-tooth, what its own days replayed do, and the outlook."""
    began_by, unit = "a reset" if facts.reset else course.began_by, course.question.terms.unit
    return (
        f"In the {span(course.question.terms.now - facts.since)} since {began_by} ({course.times.size} samples in all) it moved "
        f"{amount(growth * _DAY, unit, '+')} a day towards the limit{_saw_tooth(course, facts)}{_replays(facts)}; "
        f"{_outlook(course.limit - course.level, bounds, unit)}."
    )


def _saw_tooth(course: Course, facts: Facts) -> str:
    if facts.reset or facts.falls < 2:
        return ""
    ceiling = course.sign * (course.level + facts.ceiling * course.spread)
    furthest = "at most" if course.sign > 0 else "at least"
    return f", fell back {facts.falls:.0f} times, every {span(facts.interval_hours * _HOUR)}, from {amount(ceiling, course.question.terms.unit)} {furthest}"


def _replays(facts: Facts) -> str:
    if facts.days < 1:
        return ""
    return (
        f"; of the futures replayed from its last {facts.days:.0f} days, {facts.day:.0%} reach the limit within a day, "
        f"{facts.week:.0%} within a week, {facts.month:.0%} within a month"
    )
