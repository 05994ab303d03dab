"""Asking the gates holds up nothing else: a Prometheus that swallows questions keeps neither a stop, nor the API, nor other incidents waiting."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from actor.absorb import absorb
from actor.journal import incidents
from actor.pipeline import remediate
from actor.timekeeper import follow_clock
from homeostat.prometheus import PrometheusError
from tests.support import DAY, DISK, WEB, Actor, configured, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.model import Incident
    from homeostat.alertmanager import PostedAlert, Silence
    from homeostat.prometheus import Sample


class BlackHole:
    """A Prometheus that answers nothing until it is let go, and then that nobody answered."""

    def __init__(self) -> None:
        self.asked, self.over = threading.Event(), threading.Event()

    def query(self, promql: str) -> list[Sample]:
        self.asked.set()
        assert self.over.wait(20)
        raise PrometheusError(f"no answer to {promql!r}")


@pytest.fixture
def waiting(actor: Actor) -> Iterator[Actor]:
    """Let an incident ask a Prometheus that does not answer, in a thread of its own."""
    actor.decide(WEB, "service-restart")
    actor.world.prometheus = hole = BlackHole()
    thread = threading.Thread(target=actor.turn)
    thread.start()
    assert hole.asked.wait(10)
    yield actor
    hole.over.set()
    thread.join(10)
    assert at(actor, "web").outcome == "refused"
    assert actor.host.restarts() == 0


def at(actor: Actor, target: str) -> Incident:
    return next(found for found in incidents.recent(actor.journal, 0.0) if found.target == target)


def test_neither_the_clock_nor_a_reload_waits(waiting: Actor) -> None:
    follow_clock(waiting.world)
    taken = waiting.world.admission.acquire(timeout=1)
    assert taken
    waiting.world.admission.release()


def test_another_incident_is_decided_meanwhile(waiting: Actor) -> None:
    waiting.hear(labels_of(DISK, "disk-cleanup", "alert-only"))
    absorb(waiting.world)
    remediate(waiting.world, at(waiting, "disk").id)
    assert at(waiting, "disk").outcome == "alerted"


def test_a_stop_that_comes_while_others_are_asked_is_heard(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    real = actor.alertmanager.every_silence

    def every_silence() -> list[Silence]:
        actor.stop()
        return real()

    actor.alertmanager.every_silence = every_silence  # type: ignore[method-assign]
    actor.turn()
    assert "by ada: enough" in actor.incident().reason
    assert actor.host.restarts() == 0


def test_what_was_asked_under_another_configuration_is_asked_again(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    real, asked = actor.alertmanager.every_silence, []

    def every_silence() -> list[Silence]:
        asked.append(1)
        if len(asked) == 1:
            actor.world.config = configured(actor.host.settings(), services={"web": {"auto_restart": False}})
        return real()

    actor.alertmanager.every_silence = every_silence  # type: ignore[method-assign]
    actor.turn()
    assert actor.incident().state == "accepted"
    actor.turn()
    assert (actor.incident().state, actor.host.restarts()) == ("proposed", 0)


@pytest.mark.parametrize("days", [-300, 300])
def test_a_clock_that_is_set_while_people_are_told_neither_shortens_nor_stretches_the_grace(actor: Actor, days: int) -> None:
    actor.decide(WEB, "service-restart", "notify-execute")
    real = actor.alertmanager.post

    def post(alerts: list[PostedAlert]) -> None:
        actor.alertmanager.post = real  # type: ignore[method-assign]
        actor.clock.jump(days * DAY)
        real(alerts)

    actor.alertmanager.post = post  # type: ignore[method-assign]
    actor.turn()
    actor.turn()
    assert actor.incident().state == "announced"
    assert actor.incident().wake_at == pytest.approx(actor.clock.now() + 600, abs=2)
