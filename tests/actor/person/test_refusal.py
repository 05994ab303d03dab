"""A person's no: to what is proposed, and to what would act without asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import incidents, words
from actor.person import Spoken
from actor.person.refusal import refuse
from homeostat.alertmanager import Matcher
from tests.support import WEB, Actor, silence

if TYPE_CHECKING:
    from actor.person import Reply

ADA = "ada@desk"


def heard(actor: Actor, decision: str) -> str:
    actor.decide(WEB, "service-restart", decision, 0.85)
    actor.turn()
    return actor.incident().id


def say_no(actor: Actor, outcome: str) -> Reply:
    return refuse(actor.world, Spoken(actor.incident().id, ADA, "a film"), outcome)


def test_a_veto_within_the_grace_prevents_it_and_people_hear_of_it(actor: Actor) -> None:
    heard(actor, "notify-execute")
    assert say_no(actor, "vetoed").reason == f"vetoed by {ADA}: a film; it lasts until the problem has gone away"
    actor.clock.advance(600)
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("vetoed", 0)
    assert [alert.labels.get("outcome") for alert in actor.alertmanager.posted] == [None, "vetoed"]


def test_a_second_no_changes_nothing_and_tells_nobody_again(actor: Actor) -> None:
    incident_id = heard(actor, "propose")
    assert say_no(actor, "denied").taken
    told = len(actor.alertmanager.posted)
    assert say_no(actor, "denied").taken
    assert len(actor.alertmanager.posted) == told
    assert [word.word for word in words.said_of(actor.journal, incident_id)] == ["denied"]
    assert actor.total("homeostat_actions_total", outcome="denied") == 1


def test_what_is_held_back_by_a_gate_may_be_vetoed_too(actor: Actor) -> None:
    actor.alertmanager.active = [silence(Matcher("target", "web"))]
    heard(actor, "auto-execute")
    assert actor.incident().outcome == "refused"
    assert say_no(actor, "vetoed").taken
    actor.alertmanager.active = []
    actor.clock.advance(60)
    actor.turn()
    assert actor.host.restarts() == 0


@pytest.mark.parametrize(
    ("decision", "outcome", "told"),
    [
        ("propose", "vetoed", "it waits for a person's word: say no with: homeostat deny "),
        ("notify-execute", "denied", "it would act without asking: say no with: homeostat veto "),
        ("auto-execute", "vetoed", "there is nothing to say no to: it is succeeded: "),
        ("alert-only", "vetoed", "there is nothing to say no to: it is alerted: "),
    ],
)
def test_a_no_that_does_not_fit_is_refused_with_the_one_that_does(actor: Actor, decision: str, outcome: str, told: str) -> None:
    heard(actor, decision)
    before = actor.incident()
    answer = say_no(actor, outcome)
    assert (answer.taken, answer.reason.startswith(told)) == (False, True)
    assert actor.incident() == before


def test_what_runs_is_stopped_and_not_denied(actor: Actor) -> None:
    heard(actor, "propose")
    with actor.journal.transaction() as db:
        incidents.move(db, actor.incident(), "running", "go", None)
    assert say_no(actor, "denied").reason == "there is nothing to say no to: it is running: homeostat stop ends it, or rolls it back"


def test_after_the_problem_there_is_nothing_to_say_no_to(actor: Actor) -> None:
    heard(actor, "propose")
    with actor.journal.transaction() as db:
        incidents.end_episode(db, actor.incident(), actor.clock.now())
    assert say_no(actor, "denied").reason.startswith("there is nothing to say no to: the problem went away at ")


def test_the_next_episode_is_not_denied(actor: Actor) -> None:
    heard(actor, "propose")
    say_no(actor, "denied")
    with actor.journal.transaction() as db:
        incidents.end_episode(db, actor.incident(), actor.clock.now())
    actor.clock.advance(10)
    heard(actor, "propose")
    assert actor.incident().state == "proposed"


def test_a_no_survives_the_process(actor: Actor) -> None:
    heard(actor, "notify-execute")
    say_no(actor, "vetoed")
    following = actor.restarted()
    following.clock.advance(600)
    following.turn()
    assert (following.incident().outcome, following.host.restarts()) == ("vetoed", 0)
    following.journal.close()


def test_nobody_can_be_told_and_the_no_holds_all_the_same(actor: Actor) -> None:
    heard(actor, "propose")
    actor.alertmanager.down = True
    assert say_no(actor, "denied").taken
    assert actor.incident().outcome == "denied"
