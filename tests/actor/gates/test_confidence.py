"""Gate `confidence`: the decision as Prometheus computes it now must still allow to act."""

from __future__ import annotations

import msgspec
import pytest

from actor.model import DecisionNow
from actor.planning import add_up
from tests.actor.gates.situations import NOW, ask, config, incident, playbook, situation


def now(confidence: float | None, decision: str | None = "auto-execute", action: str = "service-restart") -> DecisionNow:
    return DecisionNow(action, decision, confidence, NOW - 1)


def test_a_confidence_above_the_threshold_is_allowed() -> None:
    assert ask("confidence", situation(decision_now=now(0.91))) == ("allow", "the confidence is 0.91, above 0.9")


@pytest.mark.parametrize("current", [None, DecisionNow(None, None, None, None), now(None)])
def test_no_decision_now_is_a_no(current: DecisionNow | None) -> None:
    assert ask("confidence", situation(decision_now=current)) == ("refuse", "there is no decision now")


def test_another_action_now_is_a_no() -> None:
    current = now(0.95, action="service-cascade-restart")
    assert ask("confidence", situation(decision_now=current)) == ("refuse", "the action decided now is service-cascade-restart, not service-restart")


@pytest.mark.parametrize("decision", ["notify-execute", "propose", "alert-only", "full-throttle"])
def test_a_weaker_decision_now_is_a_no(decision: str) -> None:
    assert ask("confidence", situation(decision_now=now(0.95, decision))) == ("refuse", f"the decision is now {decision}")


def test_a_stronger_decision_now_is_enough_for_the_weaker_one() -> None:
    assert ask("confidence", situation(incident(decision="notify-execute"), decision_now=now(0.95)))[0] == "allow"


@pytest.mark.parametrize(("confidence", "answer"), [(0.87, "refuse"), (0.9, "refuse"), (0.9001, "allow")])
def test_the_threshold_itself_is_not_enough_though_the_rules_keep_the_tier_below_it(confidence: float, answer: str) -> None:
    assert ask("confidence", situation(decision_now=now(confidence)))[0] == answer


def test_the_threshold_is_that_of_the_schedules_level_now() -> None:
    evening = {"name": "evening", "when": [{"times": [{"start_time": "20:00", "end_time": "24:00"}]}], "level": "conservative"}
    settings = config(autonomy={"level": "aggressive", "schedule": [evening]})
    assert ask("confidence", situation(settings=settings, decision_now=now(0.95))) == ("refuse", "the confidence is now no longer above 0.95")
    later = situation(settings=settings, decision_now=now(0.76), now=NOW + 2 * 3600)
    assert ask("confidence", later) == ("allow", "the confidence is 0.76, above 0.75")


def test_the_owners_threshold_takes_the_levels_place() -> None:
    settings = config(autonomy={"actions": {"service-restart": {"min_confidence": 0.6}}})
    assert ask("confidence", situation(settings=settings, decision_now=now(0.61)))[0] == "allow"
    assert ask("confidence", situation(settings=settings, decision_now=now(0.6)))[0] == "refuse"


def test_a_high_risk_is_never_executed_whatever_the_owner_wrote() -> None:
    settings = config(autonomy={"actions": {"service-restart": {"min_confidence": 0.1}}})
    risky = playbook("service-restart", risk="high")
    assert ask("confidence", situation(settings=settings, playbook=risky, decision_now=now(1.0)))[0] == "refuse"


def test_a_medium_risk_is_never_auto_executed_without_the_owners_word() -> None:
    assert ask("confidence", situation(playbook=playbook("service-restart", risk="medium"), decision_now=now(1.0)))[0] == "refuse"


def test_a_person_decides_a_proposal_at_any_confidence() -> None:
    about = incident(decision="propose")
    assert ask("confidence", situation(about, decision_now=now(0.72, "propose"))) == ("allow", "a person decides")


def test_the_risk_of_the_plan_at_hand_counts_where_it_is_higher_than_its_playbooks() -> None:
    plan = add_up(playbook("service-restart"), "web", ())
    assert ask("confidence", situation(plan=plan))[0] == "allow"
    riskier = msgspec.structs.replace(plan, risk="medium")
    assert ask("confidence", situation(plan=riskier)) == ("refuse", "auto-execute is never allowed to this now, whatever the confidence")
