"""What the actor tells of itself and of its host."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from actor import health
from actor.feasibility import ask_feasibility
from actor.health import ask_host, health_of
from actor.model import StepFailed
from tests.actor.web import AS_OPERATOR, pages_of
from tests.support import HOST, Actor

if TYPE_CHECKING:
    import pytest

    from tests.support import Host


def test_an_actor_that_is_well(actor: Actor) -> None:
    actor.world.feasibility = ask_feasibility(actor.world)
    told = health_of(actor.world, 9922)
    assert (told.host, told.port, told.journal_writable, told.shortage, told.now) == (HOST, 9922, True, None, actor.clock.now())
    assert told.protections is not None
    by_key = {(one.action, one.target): one for one in told.protections}
    assert by_key["disk-cleanup", "disk"].obstacle is None
    assert by_key["service-restart", "web"].dispensable


def test_what_stands_in_the_way_of_a_protection_is_told(host: Host) -> None:
    actor = Actor(host, filesystems={"disk": {"path": str(host.folder / "gone")}})
    actor.world.feasibility = ask_feasibility(actor.world)
    told = {(one.action, one.target): one for one in health_of(actor.world, 9922).protections or ()}
    actor.journal.close()
    assert told["disk-cleanup", "disk"].obstacle is not None
    assert not told["disk-cleanup", "disk"].dispensable


def test_what_was_asked_too_long_ago_is_not_known(actor: Actor) -> None:
    assert health_of(actor.world, 9922).protections is None
    actor.world.feasibility = ask_feasibility(actor.world)
    actor.clock.advance(301)
    assert health_of(actor.world, 9922).protections is None


def test_a_ballast_that_was_given_up_is_told(actor: Actor) -> None:
    actor.journal.ballast.give_up()
    assert "the ballast at " in str(health_of(actor.world, 9922).shortage)


def test_every_service_is_asked_for_and_who_is_unknown_is_told(actor: Actor, host: Host) -> None:
    assert ask_host(actor.world).services == {"web": None}
    host.control.unlink()
    assert "cannot be run: No such file or directory" in str(ask_host(actor.world).services["web"])


def test_root_that_is_silent_is_told_and_who_is_late_holds_nothing_up(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = Actor(host, actor={"executor_directory": str(host.folder / "executor")})
    answering = dataclasses.replace(actor.world.hands, kept=lambda config: [])
    actor.world.hands = answering
    assert ask_host(actor.world).executor is None

    def refuse(config: object) -> list[object]:
        raise StepFailed("kept: the executor does not answer; is homeostat-executor.path active?")

    actor.world.hands = dataclasses.replace(answering, kept=refuse)  # type: ignore[arg-type]
    assert "is homeostat-executor.path active?" in str(ask_host(actor.world).executor)
    monkeypatch.setattr(health, "_HOST_SECONDS", 0.2)
    actor.world.hands = dataclasses.replace(answering, kept=lambda config: time.sleep(2) or [])
    assert (ask_host(actor.world).executor, ask_host(actor.world).services) == ("no answer within 0.2 s", {"web": None})
    actor.journal.close()


def test_it_is_told_to_the_operator(actor: Actor) -> None:
    client = pages_of(actor).client
    assert client.get("/api/v1/health").status_code == 401
    assert client.get("/api/v1/health", headers=AS_OPERATOR).json["host"] == HOST
    assert client.get("/api/v1/health/host", headers=AS_OPERATOR).json == {"services": {"web": None}, "executor": None}
