"""From the series to the problem, in words: as the exporter answers it now, or as Prometheus held it at another moment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from homeostat.explanation.parts import Part, number, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.explanation.facts import Facts, Key

HEADING = "Series and forecast"


def forecast_part(entry: dict[str, Any]) -> Part:
    """Explain one entry of the exporter's answer; `because` is the exporter's own word on why nothing is asserted."""
    problem = entry["problem"]
    lines = [_used(problem, entry["usage_ratio"], entry["age_seconds"]), *_expected(entry)]
    because = None
    if entry["asserted"]:
        assertion = entry["assertion"]
        lines.append(f"{problem} is asserted with {number(assertion['confidence'])}, {assertion['severity']}.")
    else:
        because = f"no {problem} is asserted at {entry['target']}: {entry['why_not']}"
        lines.append(f"{problem} is not asserted: {entry['why_not']}.")
    return Part(HEADING, tuple(lines), because)


def _used(problem: str, usage: float | None, age_seconds: float) -> str:
    seen = f"read {span(age_seconds)} ago"
    return f"{problem} is seen, not forecast; {seen}." if usage is None else f"Of what the limit of {problem} allows, {usage:.0%} is used; {seen}."


def _expected(entry: dict[str, Any]) -> Iterator[str]:
    if entry["reason"]:
        # What an alert tells of has no limit, and nothing to forecast.
        if entry["limit"] is not None:
            yield f"There is no forecast ({entry['reason']}): {entry['explanation']}"
        return
    bounds, horizon = entry["time_to_limit_seconds"], entry["action_horizon_seconds"]
    chance = entry["probability"]
    within = f"Within {span(horizon)}, for which it would be acted on, the limit is reached with probability {number(chance)}" if chance is not None else "The limit"
    yield f"{within}; expected in {span(bounds['median'])} (90 % interval {span(bounds['lower'])} to {span(bounds['upper'])})."
    yield entry["explanation"]


def remembered_part(facts: Facts, key: Key) -> Part:
    """Explain what Prometheus held of a target's series and whether the problem was asserted."""
    labels = key._asdict()
    usage = facts.least("homeostat_usage_ratio", **labels)
    lines = [f"Of what the limit of {key.problem} allows, {usage:.0%} was used."] if usage is not None else []
    bounds = {bound: facts.least("homeostat_time_to_limit_seconds", **labels, bound=bound) for bound in ("lower", "median", "upper")}
    if (median := bounds["median"]) is not None and not math.isnan(median):
        lines.append(f"The limit was expected in {span(median)} (90 % interval {span(bounds['lower'])} to {span(bounds['upper'])}).")
    chances = facts.all("homeostat_limit_probability_ratio", **labels)
    if chances:
        lines.append("It would be reached within " + ", ".join(f"{sample.labels.get('horizon')} with {number(sample.value)}" for sample in chances) + ".")
    lines += [f"There was no forecast: {sample.labels.get('reason')}." for sample in facts.all("homeostat_forecast_unavailable", **labels)]
    sure = facts.least("homeostat_problem_confidence_ratio", **labels)
    if sure is not None:
        severities = [sample.labels.get("severity", "") for sample in facts.all("target:homeostat_severity:info", **labels)]
        lines.append(f"{key.problem} was asserted with {number(sure)}{''.join(f', {severity}' for severity in severities[:1])}.")
    elif facts.samples:
        lines.append(f"{key.problem} {'is not asserted now' if facts.at is None else 'was not asserted at that moment'}.")
    return Part(HEADING, tuple(lines))
