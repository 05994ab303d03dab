"""Every gate against an independent statement of its rule, in situations at random; and what holds whenever all of them agree."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from actor.situation import GATES, ask_gates, deciding
from homeostat.words import DECISIONS
from tests.actor.gates.random_situations import VITAL_UNITS, situations
from tests.actor.gates.situations import HOST, NOW
from tests.support import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.model import Execution, Situation

REST = {"service-restart": 5 * MINUTE, "disk-cleanup": HOUR}
CLASS = {"service-restart": "restart", "disk-cleanup": "cleanup"}
# How often what is well is drawn: wild enough for each gate to meet what it knows, calm enough for all of them to agree.
WILD, CALM = 2, 12
# By the level that the schedule puts in force: what the confidence must exceed, and how many may run in a day.
FLOORS = {"none": {"auto-execute": 0.90, "notify-execute": 0.80}, "strict": {"auto-execute": 0.95, "notify-execute": 2.0}, "bold": {"auto-execute": 0.75, "notify-execute": 0.75}}
A_DAY = {"none": 10, "strict": 2, "bold": 20}


def is_service(s: Situation) -> bool:
    return s.incident.action == "service-restart" and s.incident.target in s.config.services


def known(s: Situation) -> bool:
    places = {"service-restart": set(s.config.services), "disk-cleanup": set(s.config.filesystems)}
    who = s.incident
    return who.host == HOST and who.action in REST and who.problem in s.playbook.file.answers and who.target in places[who.action]


def protected(s: Situation) -> bool:
    touched = set(s.unit_state.touches) if s.unit_state is not None else set()
    return s.filesystem is not None or (s.incident.target != "sshd" and not touched & set(VITAL_UNITS))


def confirmation(s: Situation) -> bool:
    autonomy, who = s.config.autonomy, s.incident
    risks = {who.risk, s.plan.risk if s.plan is not None else "low"}
    asked = (
        who.decision == "propose"
        or autonomy.mode == "interactive"
        or DECISIONS.index(who.decision) < DECISIONS.index(autonomy.ceiling)
        or (is_service(s) and not s.config.services[who.target].auto_restart)
        or who.action in autonomy.require_approval_for
        or "high" in risks
        or (s.plan is not None and s.plan.risk == "medium")
        or any(word.word == "again" for word in s.words)
    )
    return not asked or s.approval is not None


def stopped(s: Situation) -> bool:
    return s.stop_reason is None and s.config.autonomy.mode != "shadow"


def silenced(s: Situation) -> bool:
    if s.silences is None or not -60 <= NOW - s.silences.answered_at <= 60:
        return False
    wanted = [{matcher.name: matcher.value for matcher in each.matchers} for each in s.silences.active]
    return not any(each.items() <= s.incident.labels.items() for each in wanted)


def firing(s: Situation) -> bool:
    now = s.decision_now
    # Two looks of the observer of services, which comes every minute.
    here = [run for run in s.executions if run.target == s.incident.target and run.host == s.incident.host and run.action != s.incident.action]
    old = s.service is not None and any(run.action_class != "read" and 0 <= NOW - run.ended_at < 2 * MINUTE for run in here if run.ended_at is not None)
    return now is not None and now.decision is not None and abs(NOW - now.evaluated_at) <= 20 and not old


def age(s: Situation) -> bool:
    return abs(NOW - s.incident.last_firing_at) <= 15 * MINUTE


def once(s: Situation) -> bool:
    mine = [run for run in s.executions if run.incident_id == s.incident.id and run.action == s.incident.action]
    return not mine or (s.approval is not None and s.approval.approved_at > mine[-1].started_at)


def postponed(s: Situation) -> bool:
    return not any(word.until is not None and word.until > NOW for word in s.words)


def window(s: Situation) -> bool:
    shut = any(interval.weekdays for interval in s.config.windows)
    return not shut or (s.incident.severity == "critical" and "window" in s.config.limits.critical_passes)


def quiet_time(s: Situation) -> bool:
    empty = all(count == 0 for count in s.surroundings.sessions.values())
    return empty or (s.incident.severity == "critical" and "quiet-time" in s.config.limits.critical_passes)


def cooldown(s: Situation) -> bool:
    here = [run for run in s.executions if (run.action, run.target, run.host) == (s.incident.action, s.incident.target, s.incident.host)]
    return s.incident.action in REST and all(NOW - (run.ended_at or run.started_at) >= REST[s.incident.action] for run in here)


def count(runs: tuple[Execution, ...], seconds: float, **wanted: str) -> int:
    return sum(NOW - run.started_at < seconds and all(getattr(run, name) == value for name, value in wanted.items()) for run in runs)


def schedule(s: Situation) -> str:
    levels = {entry.name: entry.level for entry in s.config.autonomy.schedule}
    return {None: "none", "conservative": "strict", "aggressive": "bold"}[levels.get("now")]


def budget(s: Situation) -> bool:
    who, runs = s.incident, s.executions
    if who.action not in REST:
        return False
    hourly, daily = (count(runs, seconds, action=who.action, target=who.target) for seconds in (HOUR, DAY))
    restarts = count(runs, HOUR, action_class="restart") if who.action == "service-restart" else 0
    return hourly < 1 and daily < 3 and restarts < 6 and count(runs, DAY) < A_DAY[schedule(s)]


def blast_radius(s: Situation) -> bool:
    targets = len(s.config.services) + len(s.config.filesystems)
    # What it is about to do itself stands in the ledger already.
    earlier = tuple(run for run in s.executions if run.incident_id != s.incident.id or run.ended_at is not None)
    touched = {run.target for run in earlier if NOW - run.started_at < HOUR} | {s.incident.target}
    most = 2 if targets < 5 else max(1, targets // 5)
    return count(earlier, DAY, target=s.incident.target) < 3 and len(touched) <= most


def correlated(s: Situation) -> bool:
    spread = s.surroundings.spread
    if spread is None:
        return False
    sick_hosts, all_hosts = {host for host, _ in spread.sick} | {s.incident.host}, spread.hosts | {s.incident.host}
    if len(sick_hosts) >= 3 and len(sick_hosts) >= 0.4 * len(all_hosts | sick_hosts):
        return False
    if not is_service(s) or s.config.services[s.incident.target].group is None:
        return True
    # The group is web and its twin, which both need the database: both are many, unless one sick database is behind both.
    return (HOST, {"web": "twin", "twin": "web"}[s.incident.target]) not in spread.sick or "db" in s.surroundings.ailing


def redundancy(s: Situation) -> bool:
    if not is_service(s) or s.config.services[s.incident.target].group is None or not s.config.groups["front"].redundant:
        return True
    members = s.surroundings.members
    if members is None:
        return False
    if not members.here[s.incident.target]:
        return True
    healthy = sum(members.here.values()) if members.counted is None else members.counted
    return not math.isnan(healthy) and healthy >= 2


def breaker(s: Situation) -> bool:
    mine = [each for each in s.breakers if each.scope in {"global", f"{s.incident.action}/{s.incident.target}"} and each.open_until is not None]
    return all(each.open_until <= NOW and each.probe in {None, s.incident.id} for each in mine)


def concurrency(s: Situation) -> bool:
    others = [run for run in s.executions if run.ended_at is None and run.incident_id != s.incident.id]
    mine = CLASS.get(s.incident.action)
    return not any(run.host == s.incident.host or run.target == s.incident.target or run.action_class == mine for run in others)


def start_limit(s: Situation) -> bool:
    if not is_service(s):
        return True
    if s.unit_state is None:
        return False
    limit = s.unit_state.start_limit
    if limit is None:
        return True
    own = [run for run in s.executions if run.target == s.incident.target and run.action_class != "cleanup"]
    within = [run for run in own if limit.within_seconds is None or NOW - run.started_at < limit.within_seconds]
    counted = s.surroundings.starts
    # With ours there is still one start left, but where the limit is a single one.
    return counted is not None and max(counted, len(within)) < max(1, limit.burst - 1)


def drifted(s: Situation) -> bool:
    return not is_service(s) or (s.unit_state is not None and not s.unit_state.needs_reload and s.unit_state.edited is None)


def dependencies(s: Situation) -> bool:
    needed = {"web": {"db"}, "twin": {"db"} if s.config.groups else set()}.get(s.incident.target, set()) if is_service(s) else set()
    return not any(errand.target in needed and errand.state not in {"refused", "shadowed"} for errand in s.agenda.errands)


def protection(s: Situation) -> bool:
    return s.incident.action in REST and s.unprotectable is None


def room(s: Situation) -> bool:
    return s.incident.action == "disk-cleanup" or (s.incident.action in REST and s.shortage is None)


def confidence(s: Situation) -> bool:
    who, now = s.incident, s.decision_now
    if now is None or now.decision is None or now.action != who.action:
        return False
    if s.approval is not None:
        return now.decision != "alert-only" and s.config.autonomy.ceiling != "alert-only"
    floors = FLOORS[schedule(s)]
    if who.decision not in floors:
        return True
    if DECISIONS.index(now.decision) > DECISIONS.index(who.decision):
        return False
    autonomy = s.config.autonomy
    risk = "high" if who.action not in REST else s.plan.risk if s.plan is not None else "low"
    never = autonomy.mode == "interactive" or DECISIONS.index(who.decision) < DECISIONS.index(autonomy.ceiling)
    never = never or risk == "high" or (risk == "medium" and who.decision == "auto-execute")
    return not never and now.confidence > floors[who.decision]


RULES: dict[str, Callable[[Situation], bool]] = {
    rule.__name__.replace("_", "-"): rule
    for rule in (
        known, protected, confirmation, stopped, silenced, firing, age, once, postponed, window, quiet_time, cooldown, budget, blast_radius, correlated,
        redundancy, breaker, concurrency, start_limit, drifted, dependencies, protection, room, confidence,
    )
}  # fmt: skip


def test_every_gate_has_a_rule_of_its_own_here() -> None:
    assert list(RULES) == list(GATES)


@pytest.mark.parametrize("gate", GATES)
@given(st.sampled_from([WILD, CALM]).flatmap(lambda known: situations(WILD, known)))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_gate_says_what_its_rule_says(gate: str, s: Situation) -> None:
    verdict = GATES[gate].ask(s)
    assert (verdict.answer == "allow") == RULES[gate](s), verdict
    assert verdict.reason
    assert verdict.until is None or (verdict.answer == "defer" and verdict.until >= NOW)


@given(situations(CALM, CALM))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_all_agree_exactly_when_every_rule_holds_and_else_the_first_in_order_decides(s: Situation) -> None:
    no = deciding(ask_gates(s))
    broken = [name for name, rule in RULES.items() if not rule(s)]
    assert (no[0] if no is not None else None) == (broken[0] if broken else None)


@given(situations(CALM, CALM))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_a_reason_stays_the_same_while_what_it_says_holds(s: Situation) -> None:
    """Asked again, the same no is told in the same words, or it would be recorded anew each minute."""
    assume(s.silences is None or NOW - s.silences.answered_at != 60)
    before, after = ask_gates(s), ask_gates(dataclasses.replace(s, now=NOW + 0.5))
    same = [name for name in GATES if before[name].answer == after[name].answer != "allow"]
    assume(same)
    for name in same:
        assert before[name].reason == after[name].reason
