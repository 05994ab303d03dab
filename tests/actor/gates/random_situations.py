"""Situations at random: mostly well, so that all gates agree often, and wrong in every way that a gate knows."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import strategies as st

from actor.agenda import draw_up
from actor.model import (
    Approval,
    Breaker,
    DecisionNow,
    Execution,
    Members,
    Silences,
    Situation,
    Spread,
    StartLimit,
    UnitState,
    Word,
)
from actor.planning import add_up
from homeostat.alertmanager import Matcher
from homeostat.words import DECISIONS, RISKS, STATES
from tests.actor.gates.situations import DISK, HOST, NOW, RUNNING, WEB, config, incident, playbook, surroundings
from tests.support import DAY, HOUR, silence

if TYPE_CHECKING:
    from actor.model import Incident, Plan
    from actor.playbook import Playbook
    from homeostat.config import Config
    from homeostat.words import Risk

PLAYBOOKS: dict[str, Playbook] = {name: playbook(name) for name in ("disk-cleanup", "service-restart")}
# NOW is Tuesday 2023-11-14 22:13:20 UTC.
OPEN = {"times": [{"start_time": "22:00", "end_time": "23:00"}]}
SHUT = {"weekdays": ["sunday"]}
# What the schedule puts in force now, which is no sunday.
SCHEDULES: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "elsewhere": [{"name": "sunday", "when": [SHUT], "level": "conservative", "max_actions_per_day": 1}],
    "strict": [{"name": "now", "when": [OPEN], "level": "conservative", "max_actions_per_day": 2}],
    "bold": [{"name": "never", "when": [SHUT], "level": "conservative"}, {"name": "now", "when": [OPEN], "level": "aggressive", "max_actions_per_day": 20}],
}
VITAL_UNITS = ("sshd.service", "prometheus.service", "systemd-networkd.service", "homeostat-actor.service")
TARGETS = ("web", "disk", "db", "twin", "s0", "s1", "s2", "s3")


@functools.cache
def configured(*, mode: str, ceiling: str, windows: str, passes: bool, targets: int, group: str, strict: bool, schedule: str) -> Config:
    """Return a configuration: `group` is none, plain or redundant; `strict` has the owner ask to be asked."""
    services: dict[str, Any] = {f"s{number}": {"manager": "systemd", "unit": f"s{number}.service"} for number in range(targets)}
    services |= {"db": {"manager": "systemd", "unit": "db.service"}, "twin": {"manager": "systemd", "unit": "twin.service"}}
    services["web"] = {"depends_on": ["db"], "auto_restart": not strict}
    if group != "none":
        services["web"]["group"] = services["twin"]["group"] = "front"
        services["twin"]["depends_on"] = ["db"]
    return config(
        autonomy={"mode": mode, "ceiling": ceiling, "require_approval_for": ["disk-cleanup"] if strict else [], "schedule": SCHEDULES[schedule]},
        windows={"none": [], "open": [OPEN], "shut": [SHUT]}[windows],
        limits={"critical_passes": ["window", "quiet-time"] if passes else []},
        services=services,
        groups={} if group == "none" else {"front": {"redundant": group == "redundant"}},
    )


def mostly(calm: int, good: Any, *bad: Any) -> st.SearchStrategy[Any]:
    """Draw what is well, `calm` times as often as something else."""
    return st.sampled_from([good] * calm * len(bad) + [*bad])


def configs(calm: int) -> st.SearchStrategy[Config]:
    return st.builds(
        configured,
        mode=mostly(calm, "active", "shadow", "interactive"),
        ceiling=mostly(calm, "auto-execute", "notify-execute", "propose", "alert-only"),
        windows=mostly(calm, "none", "open", "shut"),
        passes=st.booleans(),
        targets=st.integers(min_value=0, max_value=4),
        group=st.sampled_from(["none", "plain", "redundant"]),
        strict=mostly(calm, False, True),
        schedule=mostly(calm, "none", "elsewhere", "strict", "bold"),
    )


@st.composite
def incidents(draw: st.DrawFn, calm: int) -> Incident:
    key = draw(st.sampled_from([WEB, DISK]))
    return incident(
        key._replace(host=draw(mostly(calm, HOST, "h2")), target=draw(mostly(calm, key.target, "nowhere", "sshd")), problem=draw(mostly(calm, key.problem, "log_errors"))),
        action=draw(mostly(calm, "service-restart" if key == WEB else "disk-cleanup", "service-restart", "disk-cleanup", "none")),
        risk=draw(mostly(calm, "low", "medium", "high")),
        decision=draw(mostly(calm, "auto-execute", *DECISIONS)),
        severity=draw(st.sampled_from(["info", "warning", "critical"])),
        last_firing_at=NOW - draw(mostly(calm, 5.0, 899.0, 900.0, 901.0, 7200.0, -600.0, -901.0)),
    )


@st.composite
def executions(draw: st.DrawFn, calm: int, about: Incident) -> tuple[Execution, ...]:
    def one(_: int) -> Execution:
        action = draw(st.sampled_from(["service-restart", "service-restart", "disk-cleanup", "drift-reconciliation"]))
        started_at = NOW - draw(st.sampled_from([10.0, 299.0, 301.0, 900.0, 3599.0, 3601.0, 7200.0, DAY - 1, DAY + 1, 40 * DAY]))
        ended_at = started_at + draw(st.sampled_from([1.0, 60.0]))
        running = draw(mostly(calm, False, True))
        return Execution(
            incident_id=draw(mostly(calm, "earlier", "i1")),
            action=action,
            action_class={"service-restart": "restart", "disk-cleanup": "cleanup", "drift-reconciliation": "config"}[action],
            target=draw(st.sampled_from([about.target] * 4 + [*TARGETS])),
            host=draw(mostly(calm, HOST, "h2")),
            started_at=started_at,
            ended_at=None if running else ended_at,
            outcome=None if running else "succeeded",
        )

    return tuple(map(one, range(draw(mostly(calm, 0, 1, 2, 3, 4, 12)))))


SILENCES = (("target", "web"), ("target", "disk"), ("host", HOST), ("alertname", "HomeostatAutoExecute"), ("action", "service-restart"), ("target", "mail"))


@st.composite
def silences(draw: st.DrawFn, calm: int) -> Silences | None:
    chosen = draw(mostly(calm, (), *((each,) for each in SILENCES), SILENCES[5:], (("target", "web"), ("host", "h2"))))
    found = Silences((silence(*(Matcher(*each) for each in chosen)),) if chosen else (), NOW - draw(mostly(calm, 1.0, 60.0, 61.0, 600.0, -61.0)))
    return draw(mostly(calm, found, None))


@st.composite
def decisions_now(draw: st.DrawFn, calm: int, about: Incident) -> DecisionNow | None:
    decided = DecisionNow(
        action=draw(mostly(calm, about.action, "investigate")),
        decision=draw(mostly(calm, about.decision, *DECISIONS)),
        confidence=draw(mostly(calm, 0.95, 0.9, 0.9001, 0.85, 0.8, 0.75, 0.7)),
        evaluated_at=NOW - draw(mostly(calm, 1.0, 20.0, 21.0, 300.0, -21.0)),
    )
    return draw(mostly(calm, decided, None, DecisionNow(None, None, None, None)))


@st.composite
def unit_states(draw: st.DrawFn, calm: int) -> UnitState | None:
    limit = StartLimit(burst=draw(st.sampled_from([1, 2, 5])), within_seconds=draw(st.sampled_from([10.0, 600.0, None])), unchanged_seconds=1.0)
    state = UnitState(
        active=True,
        invocation="1",
        main_pid=7,
        memory_bytes=900_000,
        needs_reload=draw(mostly(calm, False, True)),
        edited=draw(mostly(calm, None, "/etc/systemd/system/web.service")),
        touches=draw(mostly(calm, ("web.service",), *((unit,) for unit in VITAL_UNITS))),
        start_limit=draw(mostly(calm, None, limit)),
    )
    return draw(mostly(calm, state, RUNNING, None))


@st.composite
def spreads(draw: st.DrawFn, calm: int) -> Spread | None:
    hosts = [HOST, *(f"o{number}" for number in range(draw(st.sampled_from([0, 1, 2, 9]))))]
    sick = hosts[: draw(mostly(calm, 1, 2, 3, 4, 5))]
    here = draw(mostly(calm, (), ("twin",), ("twin", "db")))
    spread = Spread(frozenset([*((host, "web") for host in sick), *((HOST, name) for name in here)]), frozenset(hosts))
    return draw(mostly(calm, spread, None))


@st.composite
def situations(draw: st.DrawFn, calm: int, known: int) -> Situation:
    """Draw a situation of an incident that is `known` times as often one of ours as not."""
    about, settings = draw(incidents(known)), draw(configs(calm))
    book = PLAYBOOKS.get(about.action)
    acts_on = book.file.acts_on if book is not None else None
    others = [
        incident(WEB._replace(target=target), id=f"of-{target}", state=state, outcome=None if state else "refused", wake_at=NOW + 90)
        for target, state in draw(mostly(calm, [], *([(target, state)] for target in ("db", "twin") for state in (*STATES, None))))
    ]
    service = settings.services.get(about.target) if acts_on == "service" else None
    return Situation(
        now=NOW,
        incident=about,
        config=settings,
        playbook=book,
        service=service,
        filesystem=settings.filesystems.get(about.target) if acts_on == "filesystem" else None,
        stop_reason=draw(mostly(calm, None, "by ada: enough")),
        silences=draw(silences(calm)),
        decision_now=draw(decisions_now(calm, about)),
        executions=draw(executions(calm, about)),
        breakers=draw(breakers(calm, about)),
        unit_state=draw(unit_states(calm)) if service is not None else None,
        unprotectable=draw(mostly(calm, None, "it lies on no btrfs")),
        shortage=draw(mostly(calm, None, "1 MiB is left")),
        surroundings=surroundings(
            about,
            sessions=draw(mostly(calm, {}, {"web": 0.0}, {"web": 2.0}, {"web": None}, {"web": 0.0, "twin": 1.0}, {"web": float("nan")})),
            spread=draw(spreads(calm)),
            members=draw(mostly(calm, Members({"web": True, "twin": True}, None), *MEMBERS)),
            ailing=draw(mostly(calm, frozenset(), frozenset({"db"}))),
            starts=draw(mostly(calm, 0, 1, 3, 4, 5, None)),
        ),
        agenda=draw_up([about, *others], PLAYBOOKS, settings),
        approval=draw(mostly(calm, None, Approval(author="ada", approved_at=NOW - 5, plan_hash="h"))),
        words=draw(mostly(calm, (), (Word(word="deferred", author="ada", said_at=NOW - 60, until=NOW + HOUR),), (Word(word="again", author="ada", said_at=NOW - 60),))),
        plan=draw(mostly(calm, None, *(plan_of(book, risk) for risk in RISKS))) if book is not None else None,
    )


MEMBERS = (
    Members({"web": True, "twin": False}, None),
    Members({"web": False, "twin": False}, None),
    Members({"web": True, "twin": True}, 1.0),
    Members({"web": True, "twin": False}, 2.0),
    Members({"web": True, "twin": True}, float("nan")),
    None,
)


def plan_of(known: Playbook, risk: Risk) -> Plan:
    return msgspec.structs.replace(add_up(known, "web", ()), risk=risk)


@st.composite
def breakers(draw: st.DrawFn, calm: int, about: Incident) -> tuple[Breaker, ...]:
    scope = draw(st.sampled_from(["global", f"{about.action}/{about.target}", "service-restart/mail"]))
    open_until = draw(st.sampled_from([None, NOW - 1, NOW, NOW + 1, NOW + DAY]))
    found = Breaker(scope=scope, failures=3, open_until=open_until, openings=1, probe=draw(st.sampled_from([None, "i1", "other"])))
    return draw(mostly(calm, (), (found,)))
