"""The page of proposals: each with its plan, its confidence by terms and its undo, answered where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import incidents, words
from tests.actor.console.visitor import Visitor, message, text, visiting
from tests.support import DISK, HOST, WEB

if TYPE_CHECKING:
    from tests.support import Actor

TERMS = {"prediction": 0.89, "historical_success": 1.0, "impact_certainty": 0.95, "rollback_feasibility": 1.0}
WEIGHTS = {"prediction": 0.3, "historical_success": 0.3, "impact_certainty": 0.2, "rollback_feasibility": 0.2}


@pytest.fixture
def ada(actor: Actor) -> Visitor:
    visitor = visiting(actor)
    visitor.log_in()
    return visitor


def two(actor: Actor) -> tuple[str, str]:
    """Let two things be proposed; return their incidents."""
    actor.host.log("a.log.1")
    actor.decide(WEB, "service-restart", "propose", 0.85)
    actor.decide(DISK, "disk-cleanup", "propose", 0.85)
    actor.turn()
    found = {incident.target: incident.id for incident in incidents.recent(actor.journal, 0.0)}
    return found["web"], found["disk"]


def put_terms(actor: Actor) -> None:
    """Let Prometheus have what the confidence in a restart of web is the sum of."""
    prometheus, action = actor.prometheus, {"host": HOST, "action": "service-restart"}
    prometheus.put("target:homeostat_prediction:ratio", TERMS["prediction"], **WEB._asdict())
    for name, value in TERMS.items():
        prometheus.put("homeostat_confidence_weight_ratio", WEIGHTS[name], host=HOST, term=name)
        if name != "prediction":
            prometheus.put(f"homeostat_action_{name}_ratio", value, **action)
    prometheus.put("homeostat_action_learned_offset_ratio", 0.0, **action)
    prometheus.put("homeostat_action_trials", 12, **action)
    prometheus.put("target_action:homeostat_confidence:ratio", 0.957, **WEB._asdict(), action="service-restart")
    prometheus.put("homeostat_autonomy_threshold_ratio", 0.7, host=HOST, risk="low", decision="propose")


def test_several_stand_one_under_another_each_with_all_that_a_yes_needs(actor: Actor, ada: Visitor) -> None:
    two(actor)
    put_terms(actor)
    told = text(ada.client.get("/proposals"))
    for word in (
        "2 wait for your word", "memory_leak at web", "disk_exhaustion at disk", "restart web", "Undo", "Expires", "Approve this plan", "Deny",
        "Its confidence now 0.957; to be proposed it needs more than 0.70",
        "prediction 0.89 x 0.30 = 0.267", "historical success 12 trials 1.00 x 0.30 = 0.300", "impact certainty 0.95 x 0.20 = 0.190",
        "rollback feasibility 1.00 x 0.20 = 0.200", "learned +0.000",
    ):  # fmt: skip
        assert word in told, (word, told)


def test_a_yes_and_a_no_are_said_right_there_and_lead_back_to_the_others(actor: Actor, ada: Visitor) -> None:
    web, disk = two(actor)
    page = ada.send(ada.form("/proposals", f"/incidents/{web}/approve"), reason="go on")
    assert message(page) == "Heard: memory_leak at web: approved; every gate agrees, so it begins"
    assert "1 waits for your word" in text(page)
    assert f"/incidents/{disk}/deny" in page.text
    assert message(ada.send(ada.form("/proposals", f"/incidents/{disk}/deny"))).startswith("Heard: disk_exhaustion at disk: denied by ada@console")
    actor.turn()
    assert [said.word for incident in (web, disk) for said in words.said_of(actor.journal, incident)] == ["approved", "denied"]
    assert actor.host.restarts() == 1
    assert "Nothing waits for a person." in text(ada.client.get("/proposals"))


def test_a_yes_here_is_to_the_plan_that_is_shown_here(actor: Actor, ada: Visitor) -> None:
    _, disk = two(actor)
    form = ada.form("/proposals", f"/incidents/{disk}/approve")
    actor.host.log("b.log.1")
    assert "the plan changed since it was proposed; this is proposed now" in message(ada.send(form))
    assert ada.form("/proposals", f"/incidents/{disk}/approve").fields["plan_hash"] != form.fields["plan_hash"]
    assert words.said_of(actor.journal, disk) == ()


@pytest.mark.parametrize("page", ["/", "/proposals", "/incidents/{id}"])
def test_right_after_a_yes_no_page_says_both_that_it_begins_and_that_it_waits(actor: Actor, ada: Visitor, page: str) -> None:
    web, _ = two(actor)
    ada.client.post(f"/incidents/{web}/approve", data=ada.form("/proposals", f"/incidents/{web}/approve").fields)
    told = text(ada.client.get(page.format(id=web)))
    assert "Heard: " in told
    assert "; it begins as soon as every gate agrees." in told
    assert "waits for a gate" not in told


def test_what_is_approved_is_on_its_way_and_waits_for_no_word_any_more(actor: Actor, ada: Visitor) -> None:
    web, _ = two(actor)
    actor.stop()
    ada.send(ada.form("/proposals", f"/incidents/{web}/approve"))
    actor.turn()
    waits, _, way = text(ada.client.get("/")).partition("What will run out next")
    assert ("memory_leak at web" in waits, "disk_exhaustion at disk" in waits) == (False, True)
    row = way.partition("On its way")[2].partition("Last decisions")[0]
    assert "approved by ada@console" in row
    assert "it begins as soon as every gate agrees. stopped: stopped: by ada: enough" in row


def test_what_is_approved_and_waits_for_a_gate_can_still_be_denied_here(actor: Actor, ada: Visitor) -> None:
    web, _ = two(actor)
    form = ada.form("/proposals", f"/incidents/{web}/approve")
    actor.stop()
    assert "approved; it waits, for stopped" in message(ada.send(form))
    page = ada.client.get("/proposals")
    assert "by ada@console" in text(page)
    assert f"/incidents/{web}/approve" not in page.text
    assert "denied by ada@console" in message(ada.send(ada.form("/proposals", f"/incidents/{web}/deny")))


def test_the_plans_stand_there_while_prometheus_does_not_answer(actor: Actor, ada: Visitor) -> None:
    two(actor)
    actor.prometheus.down = True
    told = text(ada.client.get("/proposals"))
    assert ("restart web" in told, "Prometheus does not tell what its confidence is made of: " in told) == (True, True)


def test_a_term_that_is_missing_is_said_to_be_missing(actor: Actor, ada: Visitor) -> None:
    two(actor)
    assert "prediction missing" in text(ada.client.get("/proposals"))
