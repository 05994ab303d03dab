"""What a person's yes satisfies: the question itself, a second run, how sure to be, and how far a cascade reaches; no other gate hears of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.model import Approval, Breaker, DecisionNow, Word
from actor.situation import GATES, ask_gates
from homeostat.alertmanager import Matcher
from tests.actor.gates.situations import NOW, RUNNING, Silences, ask, config, incident, run, situation
from tests.support import silence

if TYPE_CHECKING:
    from actor.model import Situation

YES = Approval(author="ada@desk", approved_at=NOW - 10, plan_hash="c0ffee")
SATISFIED = {"confirmation", "once", "confidence"}
DECISIONS = ("auto-execute", "notify-execute", "propose", "alert-only")
NOES: dict[str, Any] = {
    "stop_reason": "by ada", "silences": None, "decision_now": None, "unit_state": None, "unprotectable": "no room", "playbook": None, "service": None,
    "executions": (run(NOW - 30, None), run(NOW - 60, NOW - 50)), "breakers": (Breaker(scope="global", failures=3, open_until=NOW + 60, openings=1),),
}  # fmt: skip
CHANGES = st.lists(st.sampled_from(sorted(NOES)), unique=True, max_size=4).map(lambda names: {name: NOES[name] for name in names})


def approved(about: Situation, **changes: Any) -> Situation:
    return dataclasses.replace(about, approval=YES, **changes)


@given(changes=CHANGES, decision=st.sampled_from(DECISIONS), target=st.sampled_from(["web", "ssh", "nowhere"]), age=st.sampled_from([5.0, 9999.0]))
def test_every_other_gate_answers_as_if_nobody_had_said_yes(changes: dict[str, Any], decision: str, target: str, age: float) -> None:
    about = situation(incident(decision=decision, target=target, last_firing_at=NOW - age), **changes)
    without, with_it = ask_gates(about), ask_gates(approved(about))
    assert {name for name in GATES if without[name] != with_it[name]} <= SATISFIED
    assert all(with_it[name].answer == "allow" for name in GATES if without[name].answer == "allow" and name not in SATISFIED)


@pytest.mark.parametrize(
    ("about", "settings"),
    [
        ({"decision": "propose"}, {}),
        ({"risk": "high"}, {}),
        ({}, {"autonomy": {"mode": "interactive"}}),
        ({}, {"services": {"web": {"auto_restart": False}}}),
        ({}, {"autonomy": {"actions": {"service-restart": {"requires_confirmation": True}}}}),
    ],
)
def test_whatever_asks_for_a_person_is_answered_by_one(about: dict[str, Any], settings: dict[str, Any]) -> None:
    asked = situation(incident(**about), config(**settings))
    assert ask("confirmation", asked)[0] == "confirm"
    assert ask("confirmation", approved(asked)) == ("allow", "approved by ada@desk")


def test_another_try_that_a_person_asked_for_is_a_question_too() -> None:
    again = Word(word="again", author="ada@desk", said_at=NOW - 20)
    assert ask("confirmation", situation(words=(again,))) == ("confirm", "a person asked for another run in this episode")
    assert ask("confirmation", approved(situation(), words=(again,)))[0] == "allow"


@pytest.mark.parametrize(("started_at", "answer"), [(NOW - 11, "allow"), (NOW - 10, "refuse"), (NOW - 9, "refuse")])
def test_a_yes_allows_a_second_run_only_when_it_came_after_the_first(started_at: float, answer: str) -> None:
    earlier = run(started_at, NOW - 5, incident_id="i1")
    assert ask("once", approved(situation(executions=(earlier,))))[0] == answer


@pytest.mark.parametrize(("now", "answer"), [("auto-execute", "allow"), ("notify-execute", "allow"), ("propose", "allow"), ("alert-only", "refuse"), ("full-throttle", "refuse")])
@pytest.mark.parametrize("decision", ["auto-execute", "propose"])
def test_how_sure_to_be_is_left_to_a_person_but_not_whether_it_is_worth_a_proposal(decision: str, now: str, answer: str) -> None:
    about = situation(incident(decision=decision), decision_now=DecisionNow("service-restart", now, 0.71, NOW - 1))
    assert ask("confidence", approved(about))[0] == answer


@pytest.mark.parametrize("autonomy", [{"ceiling": "alert-only"}, {"thresholds": {"low": {"propose": "never"}, "medium": {"propose": "never"}, "high": {"propose": "never"}}}])
def test_what_is_no_longer_even_proposed_is_not_run_by_a_yes_from_before(autonomy: dict[str, Any]) -> None:
    about = situation(incident(decision="propose"), config(autonomy=autonomy), decision_now=DecisionNow("service-restart", "propose", 0.71, NOW - 1))
    assert ask("confidence", approved(about)) == ("refuse", "by the configuration of now this is not even proposed")


def test_another_action_than_the_approved_one_is_not_approved() -> None:
    about = situation(decision_now=DecisionNow("service-cascade-restart", "propose", 0.9, NOW - 1))
    assert ask("confidence", approved(about))[0] == "refuse"


def test_a_silence_outranks_a_yes() -> None:
    about = situation(silences=Silences((silence(Matcher("target", "web")),), NOW), unit_state=RUNNING)
    assert ask("silenced", approved(about))[0] == "refuse"
