"""Prometheus has loaded every rule of ours as this version ships it, and evaluates it often enough without an error."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING

from homeostat import prometheus_status, rules
from homeostat.clock import rfc3339
from homeostat.config.section import MINUTE
from homeostat.config.units import Duration
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed, warned
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from homeostat.prometheus import Prometheus
    from homeostat.prometheus_status import Rule, RuleGroup

_INSTALL = f"cp {rules.FOLDER}/*.rules.yml /etc/prometheus/homeostat/; homeostat generate prometheus --write /etc/prometheus/prometheus.yml; reload Prometheus"
_DECISION = "homeostat-decision"
# A recorded series that is not renewed within this time is gone.
_LOOKBACK_SECONDS = 5 * MINUTE


def _ask(subject: Subject) -> Iterator[Finding]:
    ours = rules.shipped()
    loaded: dict[str, list[RuleGroup]] = {}
    for group in prometheus_status.rule_groups(subject.doors.prometheus):
        loaded.setdefault(group.name, []).append(group)
    findings = [
        *_presence(ours, loaded),
        *(finding for name in ours for group in loaded.get(name, []) for finding in _evaluation(subject, group)),
        *_difference(subject.doors.prometheus, ours, loaded),
    ]
    yield from findings
    if not findings:
        yield passed(f"{sum(map(len, ours.values()))} rules in {len(ours)} groups are loaded as shipped, and healthy")


def _presence(ours: Mapping[str, Mapping[str, str]], loaded: Mapping[str, list[RuleGroup]]) -> Iterator[Finding]:
    absent = [name for name in ours if name not in loaded]
    if absent:
        yield failed(f"Prometheus has not loaded {named(absent)}", _INSTALL)
    lacking = [rule for name in loaded.keys() & ours.keys() for rule in ours[name] if rule not in {each.name for group in loaded[name] for each in group.rules}]
    if lacking:
        yield failed(f"Prometheus has not loaded {named(lacking)}, which this version needs", _INSTALL)
    twice = [name for name in ours if len(loaded.get(name, [])) > 1]
    if twice:
        yield warned(f"{named(twice)} is loaded from two files: every decision is made twice", "leave one copy of our rules in rule_files")


def _evaluation(subject: Subject, group: RuleGroup) -> Iterator[Finding]:
    interval, configured = Duration(group.interval), subject.doors.config.prometheus.evaluation_interval
    for rule in group.rules:
        if rule.last_error:
            yield failed(f"{rule.name} cannot be evaluated: {rule.last_error}", f"{_INSTALL}; if it stays: label sets that are there twice, as by two actors of one host")
    if group.evaluation_time > group.interval:
        yield failed(f"{group.name} takes {group.evaluation_time:.1f} s, longer than its interval of {interval}", f"give {group.name} a longer interval, or Prometheus more room")
    if interval >= _LOOKBACK_SECONDS:
        yield failed(f"{group.name} is evaluated every {interval}: what it records is gone in between", f"set interval: 1m for the group {group.name}")
    elif group.name == _DECISION and interval > configured:
        yield warned(
            f"{group.name} is evaluated every {interval}, and prometheus.evaluation_interval says {configured}: decisions count as stale too early",
            f"set prometheus.evaluation_interval: {interval}",
        )
    evaluated_at = datetime.datetime.fromisoformat(group.last_evaluation).timestamp()
    if any(rule.health == "unknown" for rule in group.rules):
        yield warned(f"{group.name} has not been evaluated yet", f"ask again in {interval}")
    elif subject.doors.clock.now() - evaluated_at > 2 * interval + MINUTE:
        yield failed(f"{group.name} was evaluated last at {rfc3339(evaluated_at)}, though it should be every {interval}", "restart Prometheus; is its host overloaded?")


def _difference(prometheus: Prometheus, ours: Mapping[str, Mapping[str, str]], loaded: Mapping[str, list[RuleGroup]]) -> Iterator[Finding]:
    try:
        changed = [rule.name for name, expressions in ours.items() for group in loaded.get(name, []) for rule in group.rules if _differs(prometheus, rule, expressions)]
    except PrometheusError:
        # It cannot write a query in its own way, so that nobody can say what is the same.
        return
    if changed:
        yield warned(f"not as this version ships it: {named(changed)}", f"{_INSTALL}; a rule of your own belongs in a file of your own")


def _differs(prometheus: Prometheus, rule: Rule, expressions: Mapping[str, str]) -> bool:
    expected = expressions.get(rule.name)
    if expected is None:
        return True
    if _bare(expected) == _bare(rule.query):
        return False
    return prometheus_status.formatted(prometheus, expected) != prometheus_status.formatted(prometheus, rule.query)


def _bare(promql: str) -> str:
    return re.sub(r"\s", "", promql)


CHECK = Check(order=40, ask=_ask)
