"""Runs inside the virtual machine, whose memory is short: the observer looks, and an actor with real hands answers. Only Prometheus and Alertmanager are faked."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import time
from typing import Any, NamedTuple

from actor import deeds
from actor.control_groups import group_of
from actor.execution import fenced
from actor.journal import incidents
from actor.playbook import PlannedStep, load_playbooks
from actor.steps.limit_memory import Options
from exporter.observation import Looking
from exporter.observers.pressure import OBSERVER
from homeostat.clock import SystemClock
from homeostat.config import Duration
from tests.support import HOST, MINUTE, PROBABILITY, USAGE, Actor, EpisodeKey, Host, configured

KEY = EpisodeKey(HOST, "resource_pressure", HOST, "memory")
SERVICES = {
    "bear": {"manager": "systemd", "unit": "bear.service"},
    "hog": {"manager": "systemd", "unit": "hog.service", "limitable": True},
    "mouse": {"manager": "systemd", "unit": "mouse.service", "limitable": True},
}
SETTINGS: dict[str, Any] = {
    "services": SERVICES,
    "exporter": {"observers": {"pressure": {"memory_available": 0.18}}},
    "autonomy": {"actions": {"resource-pressure": {"settle": "1s", "watch": "1m"}}},
}
_LOOK_SECONDS = 0.1


class Healed(NamedTuple):
    """How an actor answered: what was seen before and after, the limits of hog that were in force meanwhile, what became of it."""

    before: list[str]
    after: list[str]
    limits: list[str]
    limit_after: str
    outcome: str | None
    reason: str
    plan: list[str]


def troubles() -> list[str]:
    """Return in words what the observer sees now."""
    looking = Looking(configured({"host": HOST}, **SETTINGS), 0.0)
    return [trouble.words for trouble in OBSERVER.read(OBSERVER.gather(looking), looking).troubles]


def high(service: str = "hog") -> str:
    """Return a service's MemoryHigh."""
    return group_of(configured({"host": HOST}, **SETTINGS), service).high


def heal(folder: str) -> Healed:
    """Let an actor answer the pressure that the observer sees."""
    actor, before, limits = Actor(Host(pathlib.Path(folder)), **SETTINGS), troubles(), list[str]()
    actor.prometheus.decide(KEY, "resource-pressure", "notify-execute", 0.95)
    actor.decide(KEY, "resource-pressure", "notify-execute")
    for forecast in (USAGE, PROBABILITY):
        actor.prometheus.drop(forecast)

    def look() -> None:
        time.sleep(_LOOK_SECONDS)
        limits.append(high())
        if not troubles():
            actor.prometheus.forget(KEY)

    actor.turn()
    actor.clock.advance(10 * MINUTE)
    actor.clock.at_sleep = look
    actor.turn()
    incident = actor.incident()
    phases = incidents.phases_of(actor.journal, incident.id)
    planned = next(phase["result"]["commands"] for phase in phases if phase["phase"] == "plan")
    return Healed(before, troubles(), sorted(set(limits)), high(), incident.outcome, incident.reason, [command["summary"] for command in planned])


def limit_and_die(at_most_seconds: float) -> str:
    """Set the limit as the step does, and do nothing ever after; return what was set."""
    book = load_playbooks(None)["resource-pressure"]
    book = dataclasses.replace(book, steps=(PlannedStep("limit-memory", Options(at_most=Duration(at_most_seconds))),))
    case = deeds.build_case(configured({"host": HOST}, **SETTINGS), book, (HOST, f"i{time.monotonic_ns()}"), SystemClock().now(), lambda: False)
    (command,) = deeds.plan(case, book).commands
    deeds.perform(case, fenced(command))
    assert high() == command.arguments["high"]
    return high()


def persons_limit(limit: str) -> None:
    """Limit hog as a person would."""
    subprocess.run(["/usr/bin/systemctl", "set-property", "--runtime", "hog.service", f"MemoryHigh={limit}"], check=True)


def abandoned() -> dict[str, list[str]]:
    """Die over limits twice: where a person had one before, and where a person sets one meanwhile. Return what was in force, in order."""
    persons_limit("314572800")
    set_by_us = limit_and_die(10)
    had = ["314572800", set_by_us, _settled()]
    persons_limit("infinity")
    limit_and_die(10)
    persons_limit("419430400")
    return {"had one": had, "sets one": ["419430400", _settled()]}


def _settled() -> str:
    """Wait until nothing is left that would end a limit, and return the limit then."""
    waiting = ("/usr/bin/systemctl", "list-units", "--all", "--no-legend", "homeostat-*-end.*")
    while subprocess.run(waiting, check=True, capture_output=True).stdout:
        time.sleep(_LOOK_SECONDS)
    return high()
