"""Gate `confirmation`: what a person wants to be asked about."""

from __future__ import annotations

import pytest

from actor.model import Plan
from tests.actor.gates.situations import DISK, ask, config, incident, playbook, situation


def test_nobody_is_asked_about_an_ordinary_execution() -> None:
    assert ask("confirmation", situation()) == ("allow", "nobody wants to be asked")


def test_a_decision_to_propose_asks() -> None:
    assert ask("confirmation", situation(incident(decision="propose"))) == ("confirm", "the decision is propose")


def test_mode_interactive_asks_about_everything() -> None:
    assert ask("confirmation", situation(settings=config(autonomy={"mode": "interactive"}))) == ("confirm", "mode interactive asks about everything")


def test_a_service_without_auto_restart_asks() -> None:
    settings = config(services={"web": {"auto_restart": False}})
    assert ask("confirmation", situation(settings=settings)) == ("confirm", "service web has auto_restart: false")


def test_an_action_that_requires_confirmation_asks() -> None:
    settings = config(autonomy={"actions": {"service-restart": {"requires_confirmation": True}}})
    assert ask("confirmation", situation(settings=settings)) == ("confirm", "action service-restart has requires_confirmation: true")


def test_a_high_risk_asks_whether_the_alert_or_the_playbook_says_so() -> None:
    assert ask("confirmation", situation(incident(risk="high"))) == ("confirm", "the risk is high")
    assert ask("confirmation", situation(playbook=playbook("service-restart", risk="high"))) == ("confirm", "the risk is high")


@pytest.mark.parametrize(("ceiling", "decision", "answer"), [
    ("auto-execute", "auto-execute", "allow"), ("notify-execute", "auto-execute", "confirm"), ("notify-execute", "notify-execute", "allow"),
    ("propose", "auto-execute", "confirm"), ("propose", "notify-execute", "confirm"), ("alert-only", "notify-execute", "confirm"),
])  # fmt: skip
def test_a_decision_above_the_ceiling_asks(ceiling: str, decision: str, answer: str) -> None:
    said = ask("confirmation", situation(incident(decision=decision), config(autonomy={"ceiling": ceiling})))
    assert said == (answer, "nobody wants to be asked" if answer == "allow" else f"the ceiling is {ceiling}")


def test_an_action_that_the_owner_wants_to_approve_asks() -> None:
    settings = config(autonomy={"require_approval_for": ["service-restart"]})
    assert ask("confirmation", situation(settings=settings)) == ("confirm", "action service-restart stands in require_approval_for")
    assert ask("confirmation", situation(incident(DISK), settings))[0] == "allow"


def plan(risk: str) -> Plan:
    return Plan(action="service-restart", target="web", commands=(), confidence=0.9, risk=risk, duration_seconds=60.0)


def test_the_strictest_step_of_a_plan_decides() -> None:
    assert ask("confirmation", situation(plan=plan("low")))[0] == "allow"
    assert ask("confirmation", situation(plan=plan("medium"))) == ("confirm", "a step of the plan is riskier than its playbook")
    assert ask("confirmation", situation(plan=plan("high"))) == ("confirm", "the risk is high")
    known = playbook("service-restart", risk="medium")
    assert ask("confirmation", situation(plan=plan("medium"), playbook=known))[0] == "allow"
