"""A person's yes: to exactly one plan, on disk, asked of every gate again, used up by one run."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

import pytest

from actor.journal import incidents, verdicts, words
from actor.person import Reply, Spoken
from actor.person.again import ask_again
from actor.person.approval import approve
from actor.person.refusal import refuse
from homeostat.alertmanager import Matcher
from homeostat.silences import pause_matchers
from tests.support import DAY, DISK, HOST, HOUR, WEB, Actor, silence

if TYPE_CHECKING:
    from actor.model import Case, Plan
    from actor.playbook import Playbook
    from tests.support import Host

ADA = "ada@desk"


def proposed(actor: Actor) -> str:
    """Let a restart be proposed, and return its incident's id."""
    actor.decide(WEB, "service-restart", "propose", 0.75)
    actor.turn()
    assert actor.incident().state == "proposed"
    return actor.incident().id


def proposal(actor: Actor) -> dict[str, Any]:
    found = incidents.proposal_of(actor.journal, actor.incident().id)
    assert found is not None
    return found


def say_yes(actor: Actor, author: str = ADA, plan_hash: str | None = None) -> Reply:
    return approve(actor.world, Spoken(actor.incident().id, author), plan_hash or proposal(actor)["plan_hash"])


def keep_firing(actor: Actor, decision: str = "propose") -> None:
    actor.decide(WEB, "service-restart", decision, 0.75)


def test_a_yes_runs_it_once_and_who_said_it_stays_in_the_story(actor: Actor) -> None:
    incident_id = proposed(actor)
    assert say_yes(actor) == Reply(taken=True, reason="approved; every gate agrees, so it begins")
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)
    assert [(word.word, word.author) for word in words.said_of(actor.journal, incident_id)] == [("approved", ADA)]
    given = {verdict["gate"]: verdict for verdict in verdicts.given_on(actor.journal, incident_id)}
    assert given["confirmation"]["reason"] == f"approved by {ADA}"
    assert given["confidence"]["reason"] == f"approved by {ADA}, and still decided propose"


def test_nothing_is_held_while_what_was_approved_is_planned_anew(actor: Actor) -> None:
    proposed(actor)
    assert say_yes(actor).taken
    real, free = actor.world.hands.plan, []

    def hold() -> None:
        free.append(actor.world.admission.acquire(timeout=0.2))
        if free[-1]:
            actor.world.admission.release()

    def plan(case: Case, known: Playbook) -> Plan:
        other = threading.Thread(target=hold)
        other.start()
        other.join()
        return real(case, known)

    actor.world.hands = dataclasses.replace(actor.world.hands, plan=plan)
    actor.turn()
    assert (free, actor.incident().outcome, actor.host.restarts()) == ([True], "succeeded", 1)


def test_whose_playbook_was_taken_away_after_the_yes_is_refused(actor: Actor) -> None:
    proposed(actor)
    assert say_yes(actor).taken
    del actor.world.playbooks["service-restart"]
    actor.turn()
    assert (actor.incident().outcome, actor.incident().reason) == ("refused", "known: no playbook is named 'service-restart'")


def test_a_double_click_is_one_yes(actor: Actor) -> None:
    proposed(actor)
    assert say_yes(actor).taken
    assert say_yes(actor).taken
    actor.turn()
    again = say_yes(actor)
    assert (again.taken, "it is succeeded" in again.reason) == (False, True)
    actor.turn()
    assert actor.host.restarts() == 1


def test_a_yes_survives_the_process(actor: Actor) -> None:
    proposed(actor)
    say_yes(actor)
    following = actor.restarted()
    following.turn()
    assert following.host.restarts() == 1
    following.journal.close()


def test_a_yes_to_another_plan_than_the_proposed_one_is_none(actor: Actor) -> None:
    proposed(actor)
    assert say_yes(actor, plan_hash="0" * 64) == Reply(taken=False, reason="the plan is another than the one you saw: look at it again with: homeostat proposals")
    actor.turn()
    assert actor.host.restarts() == 0


def changed_plan(actor: Actor) -> None:
    """Restart the service by hand, so that the plan, which names the invocation, is another."""
    (actor.host.service / "invocation").write_text("7")


def test_a_plan_that_changed_before_the_yes_is_proposed_anew_and_told(actor: Actor) -> None:
    proposed(actor)
    seen = proposal(actor)["plan_hash"]
    actor.clock.advance(60)
    changed_plan(actor)
    answer = say_yes(actor)
    assert actor.incident().wake_at == proposal(actor)["expires_at"] == actor.clock.now() + 7 * DAY
    assert (answer.taken, answer.reason.startswith("the plan changed since it was proposed; this is proposed now")) == (False, True)
    assert proposal(actor)["plan_hash"] != seen
    assert say_yes(actor).taken
    actor.turn()
    assert actor.incident().outcome == "succeeded"


def test_a_plan_that_changed_after_the_yes_is_proposed_anew_and_not_run(actor: Actor) -> None:
    proposed(actor)
    say_yes(actor)
    changed_plan(actor)
    actor.turn()
    incident = actor.incident()
    assert (incident.state, incident.reason) == ("proposed", f"confirmation: the plan is another than the one that {ADA} approved")
    assert (proposal(actor)["approved_by"], actor.host.restarts()) == (None, 6)
    actor.clock.advance(60)
    actor.turn()
    assert actor.host.restarts() == 6


def test_a_yes_after_the_problem_went_away_is_refused_in_words(actor: Actor) -> None:
    proposed(actor)
    actor.prometheus.forget(WEB)
    answer = say_yes(actor)
    assert answer == Reply(
        taken=False, reason="not approved: firing: Prometheus no longer decides anything here: the problem is gone or its series are stale"
    )
    with actor.journal.transaction() as db:
        incidents.end_episode(db, actor.incident(), actor.clock.now())
    answer = approve(actor.world, Spoken(actor.incident().id, ADA), "x")
    assert (answer.taken, answer.reason.startswith("there is nothing to approve: the problem went away at 2023-11-14T22:13:20Z")) == (False, True)


@pytest.mark.parametrize("matchers", [(Matcher("target", "web"),), tuple(pause_matchers(HOST))], ids=["a silence", "a pause"])
def test_a_yes_waits_for_the_gates_that_it_does_not_satisfy(actor: Actor, matchers: tuple[Matcher, ...]) -> None:
    proposed(actor)
    actor.alertmanager.active = [silence(*matchers)]
    assert say_yes(actor).reason == "approved; it waits, for silenced: silenced by ada until 2026-01-02T00:00:00Z: maintenance"
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("refused", 0)
    actor.alertmanager.active = []
    actor.clock.advance(60)
    keep_firing(actor)
    actor.turn()
    assert actor.host.restarts() == 1


def test_the_stop_outranks_a_yes(actor: Actor) -> None:
    proposed(actor)
    actor.stop()
    assert say_yes(actor).taken
    actor.turn()
    assert (actor.incident().reason, actor.host.restarts()) == ("stopped: stopped: by ada: enough", 0)


def test_a_decision_below_propose_is_not_what_was_approved(actor: Actor) -> None:
    proposed(actor)
    say_yes(actor)
    actor.prometheus.decide(WEB, "service-restart", "alert-only", 0.5)
    actor.turn()
    assert actor.incident().reason == "confidence: the decision is now alert-only, less than what was approved"
    assert actor.host.restarts() == 0


def test_a_proposal_expires_and_a_yes_then_comes_too_late(actor: Actor) -> None:
    proposed(actor)
    actor.clock.advance(7 * DAY)
    keep_firing(actor)
    assert say_yes(actor).reason.startswith("the proposal expired at 2023-11-21")
    actor.turn()
    assert actor.incident().outcome == "expired"
    assert not say_yes(actor).taken


def test_a_yes_expires_with_its_proposal(actor: Actor) -> None:
    proposed(actor)
    actor.stop()
    say_yes(actor)
    actor.turn()
    actor.clock.advance(7 * DAY)
    actor.world.stop.path.unlink()
    keep_firing(actor)
    actor.turn()
    assert (actor.incident().state, actor.host.restarts()) == ("proposed", 0)


def test_a_changed_tier_supersedes_a_yes(actor: Actor) -> None:
    proposed(actor)
    actor.stop()
    say_yes(actor)
    actor.turn()
    actor.decide(WEB, "service-restart", "notify-execute", 0.85)
    actor.turn()
    assert words.approval_of(actor.journal, actor.incident().id, actor.clock.now()) is None


def test_in_shadow_nothing_can_be_approved(actor: Actor, host: Host) -> None:
    proposed(actor)
    actor.journal.close()
    shadow = Actor(host, autonomy={"mode": "shadow"})
    answer = say_yes(shadow)
    assert (answer.taken, answer.reason.startswith("mode is shadow")) == (False, True)
    shadow.journal.close()


def test_a_yes_that_was_taken_back_is_none(actor: Actor) -> None:
    incident_id = proposed(actor)
    say_yes(actor)
    assert refuse(actor.world, Spoken(incident_id, "bob@desk"), "denied").taken
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("denied", 0)
    assert not say_yes(actor).taken


def test_nothing_to_do_is_not_approved(actor: Actor) -> None:
    actor.decide(DISK, "disk-cleanup", "propose", 0.75)
    actor.turn()
    assert say_yes(actor) == Reply(taken=False, reason="not approved: there is nothing to do at this moment")


def test_an_incident_that_is_none_is_named_so(actor: Actor) -> None:
    assert approve(actor.world, Spoken("nowhere", ADA), "x").reason == "there is no incident of that id; see: homeostat decisions"


class TestAgain:
    def run_once(self, actor: Actor) -> str:
        proposed(actor)
        say_yes(actor)
        actor.turn()
        assert actor.host.restarts() == 1
        actor.clock.advance(2 * HOUR)
        keep_firing(actor)
        actor.turn()
        assert actor.host.restarts() == 1
        return actor.incident().id

    def test_a_person_may_ask_for_a_second_run_in_an_episode_and_must_approve_it(self, actor: Actor) -> None:
        incident_id = self.run_once(actor)
        assert ask_again(actor.world, Spoken(incident_id, ADA)).taken
        actor.turn()
        assert (actor.incident().state, actor.host.restarts()) == ("proposed", 1)
        assert say_yes(actor).taken
        actor.turn()
        assert (actor.incident().state, actor.host.restarts()) == (None, 2)

    def test_one_yes_is_one_run(self, actor: Actor) -> None:
        incident_id = self.run_once(actor)
        ask_again(actor.world, Spoken(incident_id, ADA))
        actor.turn()
        say_yes(actor)
        actor.turn()
        actor.clock.advance(2 * HOUR)
        for decision in ("auto-execute", "notify-execute", "propose"):
            keep_firing(actor, decision)
            actor.turn()
        assert actor.host.restarts() == 2

    def test_a_second_run_keeps_the_cooldown(self, actor: Actor) -> None:
        proposed(actor)
        say_yes(actor)
        actor.turn()
        ask_again(actor.world, Spoken(actor.incident().id, ADA))
        actor.turn()
        assert say_yes(actor).reason.startswith("approved; it waits, for cooldown: service-restart ran here and rests until")
        actor.turn()
        assert (actor.incident().state, actor.host.restarts()) == ("deferred", 1)

    def test_what_was_denied_is_never_run_by_a_tier_alone_once_it_was_asked_for_again(self, actor: Actor) -> None:
        incident_id = proposed(actor)
        refuse(actor.world, Spoken(incident_id, ADA), "denied")
        ask_again(actor.world, Spoken(incident_id, ADA))
        actor.decide(WEB, "service-restart", "auto-execute", 0.99)
        actor.turn()
        incident = actor.incident()
        assert (incident.state, incident.reason) == ("proposed", "confirmation: a person asked for another run in this episode")

    def test_asking_twice_asks_once_and_what_was_never_tried_is_not_tried_again(self, actor: Actor) -> None:
        incident_id = proposed(actor)
        assert not ask_again(actor.world, Spoken(incident_id, ADA)).taken
        refuse(actor.world, Spoken(incident_id, ADA), "denied")
        assert ask_again(actor.world, Spoken(incident_id, ADA)).taken
        assert ask_again(actor.world, Spoken(incident_id, ADA)).taken
        assert [word.word for word in words.said_of(actor.journal, incident_id)] == ["denied", "again"]


@pytest.mark.parametrize("outcome", ["denied", "vetoed"])
def test_a_no_is_kept_when_the_tier_changes(actor: Actor, outcome: str) -> None:
    if outcome == "denied":
        proposed(actor)
    else:
        actor.decide(WEB, "service-restart", "notify-execute", 0.85)
        actor.turn()
    assert refuse(actor.world, Spoken(actor.incident().id, ADA, "not today"), outcome).taken
    for decision in ("auto-execute", "propose", "notify-execute"):
        actor.clock.advance(HOUR)
        actor.decide(WEB, "service-restart", decision, 0.99)
        actor.turn()
    assert (actor.incident().outcome, actor.incident().reason, actor.host.restarts()) == (outcome, f"{outcome} by {ADA}: not today", 0)
    assert actor.total("homeostat_actions_total", outcome=outcome) == 1
