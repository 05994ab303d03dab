"""Gate `dependencies`: what it needs comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.agenda import draw_up
from actor.situation import GATES
from homeostat.words import STATES
from tests.actor.gates.situations import DISK, HOST, NOW, ask, config, incident, playbook, situation

if TYPE_CHECKING:
    from actor.model import Incident, Situation

PLAYBOOKS = {name: playbook(name) for name in ("disk-cleanup", "service-restart")}
SETTINGS = config(
    services={
        "web": {"depends_on": ["db"]},
        "db": {"manager": "systemd", "unit": "db.service", "depends_on": ["disk"]},
        "mail": {"manager": "systemd", "unit": "mail.service"},
    }
)
WEB = incident()


def beside(*others: Incident, about: Incident = WEB) -> Situation:
    return situation(about, SETTINGS, agenda=draw_up((about, *others), PLAYBOOKS, SETTINGS))


def sick(target: str, **changes: object) -> Incident:
    return incident(target=target, id=f"of-{target}", **changes)


def test_when_nothing_else_is_sick_it_goes_on() -> None:
    assert ask("dependencies", beside()) == ("allow", "nothing that it needs has a plan of its own")


@pytest.mark.parametrize("state", STATES)
def test_it_waits_for_a_dependency_that_has_a_plan_of_its_own(state: str) -> None:
    assert ask("dependencies", beside(sick("db", state=state))) == (
        "defer",
        f"db, which it needs, has memory_leak, and service-restart is {state} there",
    )


def test_it_waits_for_what_its_dependency_needs_too() -> None:
    on_disk = incident(DISK, id="of-disk")
    assert ask("dependencies", beside(on_disk))[1] == "disk, which it needs, has disk_exhaustion, and disk-cleanup is accepted there"


def test_it_is_asked_again_when_a_deferred_dependency_is_and_soon_otherwise() -> None:
    deferred = sick("db", state="deferred", wake_at=NOW + 900)
    assert GATES["dependencies"].ask(beside(deferred)).until == NOW + 900
    assert GATES["dependencies"].ask(beside(sick("db", state="running", wake_at=None))).until == NOW + 30


@pytest.mark.parametrize("outcome", ["refused", "shadowed", "succeeded", "failed", "denied"])
def test_a_dependency_whose_plan_has_ended_or_was_never_made_is_not_waited_for(outcome: str) -> None:
    assert ask("dependencies", beside(sick("db", state=None, outcome=outcome)))[0] == "allow"


def test_what_it_does_not_need_is_no_matter() -> None:
    assert ask("dependencies", beside(sick("mail")))[0] == "allow"
    assert ask("dependencies", beside(WEB, about=sick("db")))[0] == "allow"
    assert ask("dependencies", beside(incident(id="other", problem="fd_exhaustion")))[0] == "allow"


def test_another_hosts_trouble_is_no_matter() -> None:
    assert ask("dependencies", beside(sick("db", host="h2")))[0] == "allow"
    assert HOST != "h2"
