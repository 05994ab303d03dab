"""A situation in which every gate agrees, to be changed in one point; no disk and no network behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor.agenda import Agenda
from actor.model import (
    Command,
    DecisionNow,
    EpisodeKey,
    Execution,
    Incident,
    Plan,
    Silences,
    Situation,
    Spread,
    Surroundings,
    UnitState,
)
from actor.situation import GATES
from tests.support import DISK, HOST, NOW, WEB, configured, playbook

if TYPE_CHECKING:
    from homeostat.config import Config

SETTINGS = {
    "host": HOST,
    "prometheus": {"evaluation_interval": "5s", "timeout": "10s"},
    "autonomy": {"mode": "active", "level": "moderate"},
    "filesystems": {"disk": {"path": "/srv/disk"}},
    "cleanup": {"old-logs": {"directory": "/srv/disk/logs", "pattern": "*.log.*", "older_than": "1h"}},
    "services": {"web": {"manager": "systemd", "unit": "web.service"}},
}


RUNNING = UnitState(active=True, invocation="1", main_pid=7, memory_bytes=900_000)


def config(**changes: Any) -> Config:
    """Return the configuration with these changes, as YAML would say them."""
    return configured(SETTINGS, **changes)


def incident(key: EpisodeKey = WEB, **changes: Any) -> Incident:
    """Return an incident that was heard of a moment ago."""
    said = {
        "id": "i1", **key._asdict(), "action": "disk-cleanup" if key == DISK else "service-restart", "risk": "low", "decision": "auto-execute",
        "severity": "warning", "confidence": 0.95, "state": "accepted", "outcome": None, "reason": "heard of", "opened_at": NOW - 60,
        "last_firing_at": NOW - 5, "wake_at": NOW, "acted_at": None, "closed_at": None, "episode_ended_at": None,
    }  # fmt: skip
    return msgspec.convert(said | changes, Incident)


def situation(about: Incident | None = None, settings: Config | None = None, **changes: Any) -> Situation:
    """Return a situation in which every gate allows, with these changes."""
    about, settings = about or incident(), settings or config()
    known = playbook(about.action) if about.action in {"disk-cleanup", "service-restart"} else None
    said: dict[str, Any] = {
        "now": NOW,
        "incident": about,
        "config": settings,
        "playbook": known,
        "service": settings.services.get(about.target),
        "filesystem": settings.filesystems.get(about.target),
        "stop_reason": None,
        "silences": Silences((), NOW),
        "decision_now": DecisionNow(about.action, about.decision, 0.95, NOW - 1),
        "executions": (),
        "breakers": (),
        "unit_state": RUNNING,
        "unprotectable": None,
        "shortage": None,
        "surroundings": surroundings(about),
        "agenda": Agenda(),
    }
    return Situation(**said | changes)


def surroundings(about: Incident | None = None, **changes: Any) -> Surroundings:
    """Return surroundings that nothing is to be feared from, with these changes."""
    about = about or incident()
    said: dict[str, Any] = {
        "sessions": {},
        "spread": Spread(sick=frozenset({(about.host, about.target)}), hosts=frozenset({about.host})),
        "members": None,
        "ailing": frozenset(),
        "starts": 0,
    }
    return Surroundings(**said | changes)


def touching(*services: str) -> Plan:
    """Return the plan of a cascade that restarts these services beside its target."""
    commands = tuple(Command(step="restart-dependants", summary="", arguments={"service": name}, expected="", oracle="") for name in services)
    return Plan(action="service-cascade-restart", target="web", commands=commands, confidence=0.9, risk="medium", duration_seconds=60.0)


def run(started_at: float, ended_at: float | None, about: Incident | None = None, **changes: Any) -> Execution:
    """Return an execution of another incident, of the same action at the same target unless told otherwise."""
    about = about or incident()
    said = {
        "incident_id": "earlier", "action": about.action, "action_class": "cleanup" if about.action == "disk-cleanup" else "restart",
        "target": about.target, "host": about.host, "started_at": started_at, "ended_at": ended_at, "outcome": "succeeded" if ended_at else None,
    }  # fmt: skip
    return msgspec.convert(said | changes, Execution)


def ask(gate: str, about: Situation) -> tuple[str, str]:
    """Return a gate's answer and reason."""
    verdict = GATES[gate].ask(about)
    return verdict.answer, verdict.reason


