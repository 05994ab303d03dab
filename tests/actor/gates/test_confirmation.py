"""Gate `confirmation`: what a person wants to be asked about."""

from __future__ import annotations

from tests.actor.gates.situations import ask, config, incident, playbook, situation


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
