"""Gate `firing`: Prometheus itself must still decide this, freshly."""

from __future__ import annotations

from typing import Any

from actor.model import DecisionNow, Execution
from tests.actor.gates.situations import NOW, ask, situation
from tests.support import WEB

FRESHEST_NO = 2 * 5 + 10 + 1


def decided(evaluated_at: float | None, decision: str | None = "auto-execute") -> tuple[str, str]:
    return ask("firing", situation(decision_now=DecisionNow("service-restart", decision, 0.95, evaluated_at)))


def test_a_decision_of_this_moment_is_allowed() -> None:
    assert decided(NOW - 1) == ("allow", "confirmed by Prometheus 1 s ago")


def test_no_answer_is_a_no() -> None:
    assert ask("firing", situation(decision_now=None)) == ("refuse", "Prometheus does not say whether this still fires")


def test_a_decision_that_is_gone_is_a_no() -> None:
    gone = ("refuse", "Prometheus no longer decides anything here: the problem is gone or its series are stale")
    assert ask("firing", situation(decision_now=DecisionNow(None, None, None, None))) == gone
    assert decided(None) == gone


def test_more_than_two_evaluations_ago_is_a_no() -> None:
    assert decided(NOW - FRESHEST_NO + 1)[0] == "allow"
    assert decided(NOW - FRESHEST_NO) == ("refuse", "Prometheus last evaluated this more than two evaluations ago")


def test_an_evaluation_far_in_the_future_is_a_no() -> None:
    assert decided(NOW + FRESHEST_NO)[0] == "refuse"


def ended(seconds_ago: float, **changes: Any) -> tuple[str, str]:
    run = {"incident_id": "other", "action": "drift-reconciliation", "action_class": "config", "target": WEB.target, "host": WEB.host}
    execution = Execution(**run | changes, started_at=NOW - seconds_ago - 60, ended_at=NOW - seconds_ago, outcome="rolled_back")  # type: ignore[arg-type]
    return ask("firing", situation(executions=(execution,)))


def test_what_was_seen_before_another_action_ended_at_the_service_is_no_reason_to_act() -> None:
    assert ended(119) == ("defer", "drift-reconciliation has just ended here, and what Prometheus decides may be from before")
    assert ended(120)[0] == "allow"


def test_an_action_elsewhere_one_that_only_read_and_the_same_one_which_rests_anyway_make_nothing_old() -> None:
    assert ended(1, target="db")[0] == "allow"
    assert ended(1, action_class="read")[0] == "allow"
    assert ended(1, action="service-restart", action_class="restart")[0] == "allow"
