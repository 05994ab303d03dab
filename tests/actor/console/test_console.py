"""A person's word in the console: each form does what the API does, and says what came of it."""

from __future__ import annotations

import concurrent.futures
import re
from typing import TYPE_CHECKING

import pytest
import requests

from actor.journal import incidents, words
from actor.model import Command, Plan
from homeostat.alertmanager import Matcher
from homeostat.clock import rfc3339
from tests.actor.console.visitor import Visitor, message, text, visiting
from tests.actor.web import served
from tests.support import DAY, DISK, HOUR, MINUTE, WEB, silence

if TYPE_CHECKING:
    from tests.support import Actor


@pytest.fixture
def ada(actor: Actor) -> Visitor:
    visitor = visiting(actor)
    assert visitor.log_in().status_code == 303
    return visitor


def proposed(actor: Actor, decision: str = "propose") -> str:
    actor.decide(WEB, "service-restart", decision, 0.85)
    actor.turn()
    return actor.incident().id


def said(actor: Actor) -> list[tuple[str, str, str]]:
    return [(word.word, word.author, word.reason) for word in words.said_of(actor.journal, actor.incident().id)]


def test_a_proposal_is_seen_approved_and_run(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    assert f"/incidents/{incident_id}" in ada.client.get("/").text
    page = ada.say(incident_id, "approve", reason="it is\r\n time")
    assert message(page) == "Heard: approved; every gate agrees, so it begins"
    assert ada.pages.service.bell.is_set()
    assert said(actor) == [("approved", "ada@console", "it is time")]
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)
    told = text(ada.client.get(f"/incidents/{incident_id}"))
    assert [word in told for word in ("approved by ada@console", "verified", "invocation", "it is time")] == [True] * 4


def test_a_yes_can_see_every_step_of_a_long_plan(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    steps = tuple(Command(step="s", summary=f"step {number}", arguments={}, expected="e", oracle="o", irreversible=number == 59) for number in range(60))
    plan = Plan(action="service-restart", target="web", commands=steps, confidence=0.9, risk="low", duration_seconds=60.0, undo="none")
    with actor.journal.transaction() as db:
        incidents.propose(db, actor.incident(), plan, (actor.clock.now(), actor.clock.now() + DAY))
    told = text(ada.client.get(f"/incidents/{incident_id}"))
    assert [word in told for word in ("20 more steps", "step 39", "step 40", "step 59 e cannot be undone")] == [True] * 4
    assert "57 more steps" in text(ada.client.get("/"))


def test_a_yes_after_another_run_is_to_the_plan_above_it_though_the_clock_was_set_back(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    ada.say(incident_id, "approve")
    actor.turn()
    ada.say(incident_id, "again")
    actor.turn()
    assert actor.incident().state == "proposed"
    with actor.journal.transaction() as db:
        db.execute("UPDATE proposals SET made_at = ?", (actor.clock.now() - DAY,))
    assert "The plan proposed" in text(ada.client.get(f"/incidents/{incident_id}"))


def test_a_message_is_told_once(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    ada.say(incident_id, "deny")
    assert 'class="message' not in ada.client.get(f"/incidents/{incident_id}").text


def test_a_double_click_runs_it_once_and_says_who_said_it(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    ada.client.post(form.action, data=form.fields)
    assert "this plan is approved already by ada@console" in message(ada.send(form))
    actor.turn()
    assert "there is nothing to approve: it is succeeded" in message(ada.send(form))
    assert (actor.host.restarts(), len(said(actor))) == (1, 1)


def test_many_presses_at_once_are_one_yes(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    with served(ada.pages.app) as (host, port), concurrent.futures.ThreadPoolExecutor(6) as hands:
        pressed = [
            hands.submit(requests.post, f"http://{host}:{port}{form.action}", form.fields, cookies=dict([ada.cookie]), allow_redirects=False, timeout=10)
            for _ in range(6)
        ]
        answers = [press.result() for press in pressed]
    assert [(answer.status_code, answer.headers["Location"]) for answer in answers] == [(303, f"/incidents/{incident_id}")] * 6
    actor.turn()
    assert (said(actor), actor.host.restarts()) == ([("approved", "ada@console", "")], 1)


def test_a_plan_that_changed_since_it_was_looked_at_is_not_approved_but_shown(actor: Actor, ada: Visitor) -> None:
    actor.host.log("a.log.1")
    actor.decide(DISK, "disk-cleanup", "propose", 0.85)
    actor.turn()
    incident_id = actor.incident().id
    form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    actor.host.log("b.log.1")
    page = ada.send(form)
    assert message(page).startswith("Not done: the plan changed since it was proposed; this is proposed now")
    changed = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    assert changed.fields["plan_hash"] != form.fields["plan_hash"]
    assert message(ada.send(form)).startswith("Not done: the plan is another than the one you saw")
    assert said(actor) == []
    assert message(ada.send(changed)).startswith("Heard: approved")


def test_an_approval_after_the_proposal_expired_does_nothing(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    expires_at = actor.incident().wake_at
    assert expires_at is not None
    actor.clock.advance(8 * DAY)
    ada.log_in(onward=f"/incidents/{incident_id}")
    # The form's own token ended with its visit; what counts is the plan that was looked at.
    fresh = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    assert message(ada.send(fresh, plan_hash=form.fields["plan_hash"])) == f"Not done: the proposal expired at {rfc3339(expires_at)}"
    actor.turn()
    assert (actor.incident().outcome, said(actor), actor.host.restarts()) == ("expired", [], 0)


def test_an_approval_after_the_problem_went_away_does_nothing(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    actor.prometheus.forget(WEB)
    assert message(ada.send(form)).startswith("Not done: not approved: firing: ")
    with actor.journal.transaction() as db:
        incidents.end_episode(db, actor.incident(), actor.clock.now())
    assert message(ada.send(form)).startswith("Not done: there is nothing to approve: the problem went away at ")
    assert (said(actor), actor.host.restarts()) == ([], 0)
    assert "/approve" not in ada.client.get(f"/incidents/{incident_id}").text


def test_a_denial_is_remembered_and_only_another_try_leads_on(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    approve = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    deny = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/deny")
    assert message(ada.send(deny, reason="not now")) == "Heard: denied by ada@console: not now; it lasts until the problem has gone away"
    assert "nothing changed: it is denied: denied by ada@console: not now" in message(ada.send(deny))
    assert "there is nothing to approve: it is denied: denied by ada@console: not now" in message(ada.send(approve))
    actor.decide(WEB, "service-restart", "propose", 0.85)
    actor.turn()
    assert actor.incident().outcome == "denied"
    assert message(ada.say(incident_id, "again")).startswith("Heard: it is planned anew and proposed")
    actor.turn()
    assert message(ada.say(incident_id, "approve")).startswith("Heard: approved")


def test_what_is_announced_is_deferred_then_vetoed(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor, "notify-execute")
    assert "restart web" in text(ada.client.get(f"/incidents/{incident_id}"))
    later = actor.clock.now() + 2 * HOUR
    assert f"moved to {rfc3339(later)} by ada@console" in message(ada.say(incident_id, "defer", **{"for": "2h"}))
    assert actor.incident().wake_at == later
    assert message(ada.say(incident_id, "veto")).startswith("Heard: vetoed by ada@console")
    actor.clock.advance(3 * HOUR)
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("vetoed", 0)


def test_now_has_every_gate_asked_at_once(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor, "notify-execute")
    form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/defer")
    assert message(ada.send(form, now="1")).startswith("Heard: moved to ")
    actor.turn()
    assert actor.host.restarts() == 1


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "choose either for how long it waits, or until when"),
        ({"for": "2h", "until": "2026-01-01T12:00"}, "choose either"),
        ({"for": "soon"}, "'soon' is no duration"),
        ({"for": "9" * 400 + "d"}, "nothing was done"),
        ({"for": "9" * 9 + "d"}, "nothing was done"),
        ({"until": "tomorrow"}, "'tomorrow' is no time"),
        ({"until": "1970-01-02T00:00"}, "is over"),
        ({"for": "2h", "reason": "r" * 1001}, "nothing was done"),
    ],
)
def test_a_deferral_that_does_not_fit_changes_nothing(actor: Actor, ada: Visitor, fields: dict[str, str], why: str) -> None:
    incident_id = proposed(actor, "notify-execute")
    before = actor.incident()
    page = ada.say(incident_id, "defer", **fields)
    assert why in message(page)
    assert message(page).startswith("Not done: ")
    assert (actor.incident(), said(actor)) == (before, [])


def test_a_yes_meets_every_hard_gate(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    page = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    actor.stop()
    assert message(ada.send(page)).startswith("Heard: approved; it waits, for stopped: ")
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("refused", 0)


@pytest.mark.parametrize("word", ["approve", "deny", "veto", "defer", "again"])
def test_an_unknown_incident_is_404(actor: Actor, ada: Visitor, word: str) -> None:
    token = ada.form("/", "/logout").fields
    answers = [ada.client.get("/incidents/nowhere"), ada.client.post(f"/incidents/nowhere/{word}", data=token)]
    assert [(answer.status_code, "there is no incident of that id" in message(answer)) for answer in answers] == [(404, True)] * 2


def test_a_journal_that_cannot_be_written_is_503_and_nothing_is_done(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    form = ada.form(f"/incidents/{incident_id}", f"/incidents/{incident_id}/approve")
    actor.journal._db.execute("PRAGMA query_only = ON")
    answer = ada.send(form)
    assert (answer.status_code, message(answer).startswith("Nothing was done, for the journal cannot be read or written now: ")) == (503, True)
    assert ada.client.get(f"/incidents/{incident_id}").status_code == 200
    actor.journal._db.execute("PRAGMA query_only = OFF")
    assert (actor.incident().state, said(actor)) == ("proposed", [])


def test_the_first_page_says_who_holds_back_what_until_when_and_why(actor: Actor, ada: Visitor) -> None:
    assert "silences unknown" in text(ada.client.get("/"))
    actor.alertmanager.active = [silence(Matcher("target", "web"), Matcher("host", "h1"), comment="a film"), silence(Matcher("severity", "none", is_equal=False), comment="oops")]
    actor.stop("by ada at 2026-01-01T00:00:00Z: enough")
    proposed(actor)
    told = text(ada.client.get("/"))
    assert "silences unknown" not in told
    assert "everything stop ada homeostat resume enough" in told
    assert re.search(r"target web silence ada 2026-01-02 00:00:00 UTC \d+ d ago|target web silence ada 2026-01-02 00:00:00 UTC in \d+ d a film", told)
    assert "mutes alerts of every name" in told


def test_every_page_is_readable_when_nobody_else_answers(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    actor.prometheus.down = actor.alertmanager.down = True
    answers = [ada.client.get(page) for page in ("/", "/decisions", f"/incidents/{incident_id}")]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert "Prometheus does not tell the terms of this decision" in text(answers[-1])
    assert message(ada.say(incident_id, "approve")).startswith("Not done: not approved: firing: ")


def test_what_is_on_its_way_stands_on_the_first_page(actor: Actor, ada: Visitor) -> None:
    proposed(actor, "notify-execute")
    told = text(ada.client.get("/"))
    assert "Nothing waits for a person." in told
    assert "announced; acts after a grace of 10m" in told
    assert "in 10 min" in told


def test_decisions_are_paged_the_newest_first(actor: Actor, ada: Visitor) -> None:
    actor.decide(WEB, "service-restart", "alert-only", 0.4)
    actor.turn()
    row = dict(actor.journal.rows("SELECT * FROM incidents")[0])
    with actor.journal.transaction() as db:
        for number in range(120):
            values = {**row, "id": f"n{number}", "target": f"t{number}", "opened_at": row["opened_at"] + MINUTE * (number + 1)}
            db.execute(f"INSERT INTO incidents ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", tuple(values.values()))
    pages = [ada.client.get(f"/decisions?page={number}").text for number in (1, 2, 3)]
    assert [page.count('<tr role="row">') - 1 for page in pages] == [50, 50, 21]
    assert pages[0].index("/incidents/n119") < pages[0].index("/incidents/n118")
    assert ["page=2" in pages[0], "page=1" in pages[1], "page=3" in pages[1], "Older" in pages[2]] == [True, True, True, False]
    assert "There is no such page." in ada.client.get("/decisions?page=99999999999999999999").text
    assert ["page 1 of 3" in ada.client.get(f"/decisions?page={odd}").text for odd in ("-5", "x", "")] == [True] * 3


def test_the_explanation_of_the_story_is_shown_with_its_terms(actor: Actor, ada: Visitor) -> None:
    incident_id = proposed(actor)
    told = text(ada.client.get(f"/incidents/{incident_id}"))
    assert "Nothing has happened yet because it waits for a person's yes" in told
    assert "What comes next It waits for a person until" in told
