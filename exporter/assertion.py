"""Decides when a problem exists (SPEC 3.4): likely, near, fresh and lasting; pure functions over two cycles."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exporter.model import Reading
    from forecasting import Forecast
    from homeostat.config.types import Assertion as Rules
    from homeostat.words import Severity


@dataclasses.dataclass(frozen=True, slots=True)
class Assertion:
    """A problem that exists: how sure (0..1) and how urgent."""

    confidence: float
    severity: Severity


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """For how many cycles in a row the evidence has held, the assertion once that is enough, and the newest sample that counted (Unix seconds)."""

    cycles: int = 0
    assertion: Assertion | None = None
    counted_to: float = -math.inf


def stand(previous: Standing, reading: Reading, forecast: Forecast, rules: Rules, now: float) -> Standing:
    """Return the standing after one more cycle, at `now` (Unix seconds); one cycle without evidence ends an assertion.

    A sample counts once, however many cycles see it, unless the clock was set back to before it.
    """
    found = reading.observed or _expected(reading, forecast, rules)
    if found is None or not found.confidence >= rules.probability:
        return Standing()
    counted_to = previous.counted_to if previous.counted_to <= now else -math.inf
    newest = now - reading.age_seconds
    cycles = previous.cycles + (newest > counted_to)
    return Standing(cycles, found if cycles >= rules.cycles else None, max(newest, counted_to))


def _expected(reading: Reading, forecast: Forecast, rules: Rules) -> Assertion | None:
    """Return what the forecast makes of it, however unlikely; None where there is nothing to go by.

    What is past its limit needs no forecast: it is seen, as long as it is fresh.
    """
    if reading.past_limit and forecast.reason != "stale":
        return Assertion(1.0, "critical")
    if forecast.reason:
        return None
    confidence = max(_limit_evidence(reading, forecast, rules), _leak_evidence(reading, forecast))
    return Assertion(confidence, _severity(forecast, rules))


def _limit_evidence(reading: Reading, forecast: Forecast, rules: Rules) -> float:
    """Return the probability of the limit within the action horizon; 0 unless it is near.

    Near is what is used above the floor, or will have reached the limit by the horizon at the 95 % bound of that time:
    the upper one, as a 90 % interval leaves 5 % above it.
    """
    horizon = reading.action_horizon_seconds
    near = reading.usage_ratio >= rules.usage_floor or forecast.time_to_limit_seconds.upper <= horizon
    return forecast.probabilities.get(horizon, 0.0) if near else 0.0


def _leak_evidence(reading: Reading, forecast: Forecast) -> float:
    """Return the confidence of a leak that is fast enough for long enough; 0 otherwise, and where leaks are no problem."""
    rule = reading.leak_rule
    if rule is None:
        return 0.0
    seen_seconds = float(reading.series.timestamps[-1]) - forecast.since
    leaks = forecast.leak.slope_per_second >= rule.bytes_per_second and seen_seconds >= rule.over_seconds
    return forecast.leak.confidence if leaks else 0.0


def _severity(forecast: Forecast, rules: Rules) -> Severity:
    seconds = forecast.time_to_limit_seconds.median
    if seconds < rules.critical:
        return "critical"
    return "warning" if seconds < rules.warning else "info"
