"""A cleanup between its slices: killed there, everything is explained, and what was not deleted is back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from actor.journal import incidents, ledger
from tests.actor.playbooks import QUARANTINE_AND_PURGE, owned
from tests.crash.reaper import Killed
from tests.support import DAY, DISK, KIB, Actor, Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.model import Breaker

FILES = 12


@pytest.fixture
def actor(host: Host) -> Iterator[Actor]:
    running = Actor(host, **owned(host, "set-aside", QUARANTINE_AND_PURGE))
    for number in range(FILES):
        host.log(f"app.log.{number}", 60, age=DAY + number)
    running.decide(DISK, "set-aside")
    yield running
    running.journal.close()


def killed_at(actor: Actor, phase: str, number: int) -> Actor:
    """Let the process die right after it has committed the intent of a phase for the given time; return the next one."""
    real, seen = incidents.intend, []

    def intend(*values: Any) -> int:
        phase_id = real(*values)
        seen.append(values[2])
        if seen.count(phase) == number and values[2] == phase:
            raise Killed(phase)
        return phase_id

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incidents, "intend", intend)
        with pytest.raises(Killed):
            actor.turn()
    following = actor.restarted()
    following.turn()
    return following


def left(actor: Actor) -> int:
    return sum(1 for path in actor.host.logs.iterdir() if path.name.startswith("app.log."))


def waiting(actor: Actor) -> list[str]:
    return [path.name for path in (actor.host.disk / ".homeostat-quarantine").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("phase", "number", "back"),
    [("execute", 3, 0), ("check", 2, 1), ("execute", 4, 1)],
    ids=["before anything of the second was moved", "when it was moved", "before any of it was deleted"],
)
def test_killed_in_the_second_slice_the_first_is_verified_and_the_second_goes_back(actor: Actor, phase: str, number: int, back: int) -> None:
    actor = killed_at(actor, phase, number)
    incident = actor.incident()
    assert incident.outcome == "succeeded"
    assert incident.reason.startswith(f"interrupted between two slices, {back} put back; ")
    assert "freed 61.4 kB of 61.4 kB predicted, in 1 part; the target of 629 kB free is not reached" in incident.reason
    assert (left(actor), waiting(actor)) == (FILES - 1, [])


def test_killed_in_the_first_slice_everything_is_back(actor: Actor) -> None:
    actor = killed_at(actor, "check", 1)
    assert (actor.incident().outcome, actor.incident().reason) == ("rolled_back", "interrupted half-way; 1 put back")
    assert (left(actor), waiting(actor)) == (FILES, [])


def test_killed_half_way_through_deleting_it_is_told_what_cannot_come_back(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = Actor(host, **owned(host, "set-aside", QUARANTINE_AND_PURGE))
    for number in range(3):
        host.log(f"app.log.{number}", 16)
    actor.decide(DISK, "set-aside")
    real, unlinked = os.unlink, iter(range(100))

    def unlink(path: Any, **options: Any) -> None:
        if ".log." in str(path) and next(unlinked) == 1:
            raise Killed("unlink")
        real(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", unlink)
        with pytest.raises(Killed):
            actor.turn()
    actor = actor.restarted()
    actor.turn()
    incident = actor.incident()
    assert incident.outcome == "rollback_conflict"
    assert incident.reason == f"interrupted half-way; 2 put back, but this cannot be undone: delete slice 1 of what incident {incident.id} has quarantined"
    assert (left(actor), waiting(actor)) == (2, [])
    actor.journal.close()


def test_killed_once_the_target_is_reached_it_is_verified_as_done(host: Host) -> None:
    actor = Actor(host, **owned(host, "set-aside", QUARANTINE_AND_PURGE), filesystems={"disk": {"free_target": 0.35}})
    for number in range(FILES):
        host.log(f"app.log.{number}", 60)
    actor.decide(DISK, "set-aside")
    actor = killed_at(actor, "seal", 1)
    assert actor.incident().outcome == "succeeded"
    assert actor.incident().reason.endswith("the target of 367 kB free is reached")
    assert left(actor) == FILES - 1
    actor.journal.close()


def taken_meanwhile(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let somebody use the room in the very moment in which it becomes free."""
    real = os.unlink

    def unlink(path: Any, **options: Any) -> None:
        real(path, **options)
        if ".log." in str(path):
            (actor.host.disk / "hog").write_bytes(bytes(40 * KIB))

    monkeypatch.setattr(os, "unlink", unlink)


def own_breaker(actor: Actor) -> Breaker | None:
    return next((breaker for breaker in ledger.breakers(actor.journal) if breaker.scope == "set-aside/disk"), None)


def test_a_misprediction_opens_the_breaker_at_once_and_the_next_is_refused(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        taken_meanwhile(actor, patch)
        actor.turn()
    incident, breaker = actor.incident(), own_breaker(actor)
    assert incident.outcome == "failed"
    assert "predicted to free 61.4 kB, measured 20.5 kB: off by more than 20%, so it ended there" in incident.reason
    assert left(actor) == FILES - 1
    assert breaker is not None
    assert breaker.standing(actor.clock.now()) == "open"


def test_a_misprediction_opens_the_breaker_though_the_process_dies_before_it_could(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        taken_meanwhile(actor, patch)
        actor = killed_at(actor, "seal", 1)
    assert actor.incident().outcome == "failed"
    assert "predicted to free 61.4 kB, measured 20.5 kB" in actor.incident().reason
    breaker = own_breaker(actor)
    assert breaker is not None
    assert breaker.standing(actor.clock.now()) == "open"
