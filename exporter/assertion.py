"""Decides when a problem exists (SPEC 3.4): likely, near, fresh and lasting, and says why it does not; pure functions over two cycles."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from homeostat.amounts import amount
from homeostat.config.units import Duration

if TYPE_CHECKING:
    from exporter.model import LeakRule, Reading
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
    """For how many cycles in a row the evidence has held, the assertion once that is enough, and the newest sample that counted (Unix seconds).

    `why_not` says in words why nothing is asserted; it is empty while something is.
    """

    cycles: int = 0
    assertion: Assertion | None = None
    counted_to: float = -math.inf
    why_not: str = dataclasses.field(default="", compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class _Evidence:
    """What one look makes of a problem: the assertion that it would be, None where there is nothing to go by, and what is weak about it, in words."""

    found: Assertion | None
    weakness: str


def stand(previous: Standing, reading: Reading, forecast: Forecast, rules: Rules, now: float) -> Standing:
    """Return the standing after one more cycle, at `now` (Unix seconds); one cycle without evidence ends an assertion.

    A sample counts once, however many cycles see it, unless the clock was set back to before it.
    """
    evidence = _seen(reading) or _expected(reading, forecast, rules)
    found = evidence.found
    if found is None or not found.confidence >= rules.probability:
        return Standing(why_not=evidence.weakness)
    counted_to = previous.counted_to if previous.counted_to <= now else -math.inf
    newest = now - reading.age_seconds
    cycles = previous.cycles + (newest > counted_to)
    counted_to = max(newest, counted_to)
    if cycles < rules.cycles:
        return Standing(cycles, counted_to=counted_to, why_not=f"it was likely and near in {cycles} of the {rules.cycles} cycles with a new sample that it takes")
    return Standing(cycles, found, counted_to)


def _seen(reading: Reading) -> _Evidence | None:
    """Return what is seen rather than expected, however unsure; None where nothing is."""
    if reading.observed is None:
        return None
    return _Evidence(reading.observed, f"it is seen with a confidence of {reading.observed.confidence:.2f}; assertion.probability asks for more")


def _expected(reading: Reading, forecast: Forecast, rules: Rules) -> _Evidence:
    """Return what the forecast makes of it, however unlikely.

    What is past its limit needs no forecast: it is seen, as long as it is fresh.
    """
    if forecast.reason == "stale":
        return _Evidence(None, f"its data are not fresh: {_clause(forecast.explanation)}")
    if reading.past_limit:
        return _Evidence(Assertion(1.0, "critical"), "")
    if forecast.reason:
        return _Evidence(None, f"there is no forecast ({forecast.reason}): {_clause(forecast.explanation)}")
    (limit, no_limit), (leak, no_leak) = _limit_evidence(reading, forecast, rules), _leak_evidence(reading, forecast, rules)
    weakness = f"{no_limit}; and {no_leak}" if no_leak else no_limit
    return _Evidence(Assertion(max(limit, leak), _severity(forecast, rules)), weakness)


def _limit_evidence(reading: Reading, forecast: Forecast, rules: Rules) -> tuple[float, str]:
    """Return the probability of the limit within the action horizon, 0 unless it is near, and what is weak about it in words.

    Near is what is used above the floor, or will have reached the limit by the horizon at the 95 % bound of that time:
    the upper one, as a 90 % interval leaves 5 % above it.
    """
    horizon = reading.action_horizon_seconds
    probability, latest = forecast.probabilities.get(horizon, 0.0), forecast.time_to_limit_seconds.upper
    within = Duration(horizon)
    if reading.usage_ratio >= rules.usage_floor or latest <= horizon:
        return probability, f"the limit is reached within {within} with a probability of {probability:.2f}, below assertion.probability {rules.probability:g}"
    used = "what is used is not known" if math.isnan(reading.usage_ratio) else f"{reading.usage_ratio:.0%} of it is used"
    last = "never" if not math.isfinite(latest) else f"only in {Duration(round(latest / 3600) * 3600)}"
    weakness = f"its limit is too far away: {used}, below assertion.usage_floor {rules.usage_floor:.0%}, and at the 95 % bound it is reached {last}, not within {within}"
    return 0.0, weakness


def _leak_evidence(reading: Reading, forecast: Forecast, rules: Rules) -> tuple[float, str]:
    """Return the confidence of a leak that is fast enough for long enough, 0 otherwise, and what is weak about it; nothing where leaks are no problem."""
    rule = reading.leak_rule
    if rule is None:
        return 0.0, ""
    leak, seen_seconds = forecast.leak, float(reading.series.timestamps[-1]) - forecast.since
    if not leak.slope_per_second >= rule.bytes_per_second:
        return 0.0, f"it grows by {_rate(leak.slope_per_second)}, which is no leak below {_rate(rule.bytes_per_second)}"
    if not seen_seconds >= rule.over_seconds:
        return 0.0, _too_short(rule, seen_seconds)
    return leak.confidence, f"a leak is seen with a confidence of {leak.confidence:.2f}, below assertion.probability {rules.probability:g}"


def _too_short(rule: LeakRule, seen_seconds: float) -> str:
    return f"it has grown so for {Duration(round(max(0.0, seen_seconds) / 60) * 60)} of the {Duration(rule.over_seconds)} that make it a leak"


def _rate(bytes_per_second: float) -> str:
    return f"{amount(bytes_per_second * 3600, 'bytes')}/h"


def _clause(explanation: str) -> str:
    return explanation.removesuffix(".")


def _severity(forecast: Forecast, rules: Rules) -> Severity:
    seconds = forecast.time_to_limit_seconds.median
    if seconds < rules.critical:
        return "critical"
    return "warning" if seconds < rules.warning else "info"
