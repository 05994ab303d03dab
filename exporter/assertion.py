"""Decides when a problem exists (SPEC 3.4): likely, near, fresh and lasting; pure functions over two cycles."""

from __future__ import annotations

import dataclasses
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
    """For how many cycles in a row the evidence has held, and the assertion once that is enough."""

    cycles: int = 0
    assertion: Assertion | None = None


def stand(previous: Standing, reading: Reading, forecast: Forecast, rules: Rules) -> Standing:
    """Return the standing after one more cycle; one cycle without evidence ends an assertion."""
    confidence = max(_limit_evidence(reading, forecast, rules), _leak_evidence(reading, forecast))
    if not confidence >= rules.probability or (forecast.reason and not _past_limit(reading, forecast)):
        return Standing()
    cycles = previous.cycles + 1
    if cycles < rules.cycles:
        return Standing(cycles)
    return Standing(cycles, Assertion(confidence, _severity(forecast, rules)))


def _past_limit(reading: Reading, forecast: Forecast) -> bool:
    return reading.usage_ratio >= 1 and forecast.reason != "stale"


def _limit_evidence(reading: Reading, forecast: Forecast, rules: Rules) -> float:
    """Probability of the limit within the action horizon; 0 unless usage is high or the time's 95 % bound lies within it.

    What is past its limit needs no forecast: it is seen.
    """
    if _past_limit(reading, forecast):
        return 1.0
    if forecast.reason:
        return 0.0
    near = (
        reading.usage_ratio >= rules.usage_floor
        or forecast.time_to_limit_seconds.upper <= reading.action_horizon_seconds
    )
    return forecast.probabilities.get(reading.action_horizon_seconds, 0.0) if near else 0.0


def _leak_evidence(reading: Reading, forecast: Forecast) -> float:
    """Confidence of a leak that is fast enough for long enough; 0 otherwise, and where leaks are no problem."""
    rule = reading.leak_rule
    if rule is None or forecast.reason:
        return 0.0
    seen_seconds = float(reading.series.timestamps[-1]) - forecast.since
    leaks = forecast.leak.slope_per_second >= rule.bytes_per_second and seen_seconds >= rule.over_seconds
    return forecast.leak.confidence if leaks else 0.0


def _severity(forecast: Forecast, rules: Rules) -> Severity:
    seconds = 0.0 if forecast.reason else forecast.time_to_limit_seconds.median
    if seconds < rules.critical:
        return "critical"
    return "warning" if seconds < rules.warning else "info"
