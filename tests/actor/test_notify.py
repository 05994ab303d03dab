"""What people are told through Alertmanager: a proposal, an announcement, an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor import notify
from actor.model import Command, Plan
from homeostat.clock import rfc3339
from homeostat.words import FAILURES
from tests.actor.gates.situations import incident

if TYPE_CHECKING:
    from homeostat.words import Outcome
    from tests.support import Actor

RESTART = Command(step="s", summary="restart web", arguments={}, expected="e", oracle="o")
PLAN = Plan(action="service-restart", target="web", commands=(RESTART,), confidence=0.9, risk="low", duration_seconds=60.0, undo="it cannot be undone: it only reads")


def test_a_proposal_bears_its_plan_and_its_link_and_ends_unless_it_is_repeated(actor: Actor) -> None:
    assert notify.propose(actor.world, incident(), PLAN)
    (posted,) = actor.alertmanager.posted
    assert posted.labels["alertname"] == "HomeostatProposal"
    assert posted.annotations["description"] == "The plan: restart web. Undo: it cannot be undone: it only reads. Say yes: homeostat approve i1; say no: homeostat deny i1."
    assert posted.annotations["incident_url"] == "http://127.0.0.1:9922/api/v1/incidents/i1"
    assert posted.ends_at == rfc3339(actor.clock.now() + 300)


def test_an_announcement_says_how_to_prevent_it(actor: Actor) -> None:
    assert notify.announce(actor.world, incident(), actor.clock.now() + 600, PLAN)
    description = actor.alertmanager.posted[0].annotations["description"]
    assert "unless you say no before: homeostat veto i1" in description
    assert description.endswith("The plan: restart web. Undo: it cannot be undone: it only reads.")


def test_its_labels_let_people_route_by_host_problem_and_target(actor: Actor) -> None:
    notify.tell_outcome(actor.world, incident(), "succeeded", "fine")
    labels = actor.alertmanager.posted[0].labels
    assert {name: labels[name] for name in ("host", "problem", "target", "resource", "action", "incident", "outcome")} == {
        "host": "h1", "problem": "memory_leak", "target": "web", "resource": "memory", "action": "service-restart", "incident": "i1", "outcome": "succeeded",
    }  # fmt: skip


@pytest.mark.parametrize(("outcome", "severity"), [("succeeded", "info"), ("warned", "info"), *[(bad, "warning") for bad in FAILURES if bad != "stranded"], ("stranded", "critical")])
def test_the_worse_the_outcome_the_louder(actor: Actor, outcome: Outcome, severity: str) -> None:
    notify.tell_outcome(actor.world, incident(severity="critical"), outcome, "why")
    assert actor.alertmanager.posted[0].labels["severity"] == severity


def test_an_alertmanager_that_does_not_answer_is_told_to_the_caller(actor: Actor) -> None:
    actor.alertmanager.down = True
    assert not notify.announce(actor.world, incident(), 0.0, PLAN)
    assert not notify.propose(actor.world, incident(), PLAN)
    assert not notify.tell_outcome(actor.world, incident(), "succeeded", "fine")
