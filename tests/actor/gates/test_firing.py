"""Gate `firing`: Prometheus itself must still decide this, freshly."""

from __future__ import annotations

from actor.model import DecisionNow
from tests.actor.gates.situations import NOW, ask, situation

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
