"""What people are told through Alertmanager: a proposal, an announcement, an outcome."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest

from actor import notify
from actor.journal import news
from actor.model import Command, Plan
from actor.reconcile import reconcile
from homeostat.alertmanager import AlertmanagerError
from homeostat.clock import rfc3339
from homeostat.words import FAILURES
from tests.actor.gates.situations import incident
from tests.support import DAY, DISK, MINUTE, NOW, WEB

if TYPE_CHECKING:
    from homeostat.words import Outcome
    from tests.support import Actor

RUNBOOKS = pathlib.Path(__file__).parents[2] / "docs" / "runbooks"
RESTART = Command(step="s", summary="restart web", arguments={}, expected="e", oracle="o")
PLAN = Plan(action="service-restart", target="web", commands=(RESTART,), confidence=0.9, risk="low", duration_seconds=60.0, undo="it cannot be undone: it only reads")


PAGE = "http://127.0.0.1:9922/incidents/i1"


CONFIDENCE = (
    "Its confidence is 0.95, made of the prediction and of: past success 0.50 (0 of 0 runs), certainty of its effect 0.90, undo not known, learned +0.00."
)


def lines(actor: Actor) -> list[str]:
    """Return the lines of what was posted last."""
    return actor.alertmanager.posted[-1].annotations["description"].splitlines()


def test_a_proposal_bears_its_plan_its_confidence_its_end_and_how_to_answer(actor: Actor) -> None:
    assert notify.propose(actor.world, incident(), PLAN, NOW + 7 * DAY)
    posted = actor.alertmanager.posted[0]
    assert posted.labels["alertname"] == "HomeostatProposal"
    assert lines(actor) == [
        "The plan: restart web. Undo: it cannot be undone: it only reads.",
        "Its risk is low, and it takes about 1m. " + CONFIDENCE,
        f"Nothing is done unless you say yes; it expires at {rfc3339(NOW + 7 * DAY)}.",
        f"Say yes or no: {PAGE}",
        "Or in a terminal: homeostat approve i1; homeostat deny i1.",
    ]
    assert posted.ends_at == rfc3339(actor.clock.now() + 300), "it ends unless it is repeated"


def test_an_announcement_says_when_it_begins_and_how_to_prevent_it(actor: Actor) -> None:
    assert notify.announce(actor.world, incident(), actor.clock.now() + 600, PLAN)
    assert lines(actor) == [
        f"It begins in 10m, at {rfc3339(NOW + 600)}, and takes about 1m, unless you say no before.",
        "The plan: restart web. Undo: it cannot be undone: it only reads.",
        f"Say no, or move it: {PAGE}",
        "Or in a terminal: homeostat veto i1; homeostat defer i1 --for 2h.",
    ]
    assert actor.alertmanager.posted[0].ends_at == rfc3339(NOW + 600)


def test_everything_that_is_told_leads_to_its_page_its_runbook_and_the_dashboard(actor: Actor) -> None:
    world, about = actor.world, incident()
    assert notify.announce(world, about, NOW + 600, PLAN)
    assert notify.tell_deferral(world, about, "window: closed", NOW + 600)
    assert notify.tell_withheld(world, about, "many hosts have it")
    assert notify.propose(world, about, PLAN, NOW + DAY)
    assert notify.tell_outcome(world, about, "succeeded", "fine")
    for posted in actor.alertmanager.posted:
        name, said = posted.labels["alertname"], posted.annotations
        assert (said["incident_url"], said["dashboard_url"]) == (PAGE, world.config.links.dashboard)
        assert said["runbook_url"] == f"http://127.0.0.1:9922/runbooks/{name}.md"
        assert (RUNBOOKS / f"{name}.md").is_file()
        assert PAGE in said["description"]
        assert not {value for value in posted.labels.values() if "0.95" in value or value.startswith("http")}, "no value in a label"
    assert len(actor.alertmanager.posted) == 5


def test_an_outcome_says_what_was_seen_what_was_done_and_how_to_undo_it(actor: Actor) -> None:
    actor.host.log("a.log.1", 640)
    actor.decide(DISK, "disk-cleanup")
    actor.turn()
    told = lines(actor)
    known = actor.incident()
    assert known.outcome == "succeeded"
    assert told[0].startswith(known.reason)
    assert told[1].startswith("Done: ")
    assert told[2].startswith("Undo it until ")
    assert told[2].endswith(f": homeostat undo {known.id}.")
    assert told[3] == f"The whole story: http://127.0.0.1:9922/incidents/{known.id}, or: homeostat why {known.id}."


def test_what_cannot_be_undone_says_so(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    assert lines(actor)[2] == "It cannot be undone: a service loses what it holds in memory, as in a crash."


def test_an_outcome_that_alertmanager_does_not_take_is_told_when_it_answers_again(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    broken = actor.alertmanager.post
    actor.alertmanager.post = lambda alerts: (_ for _ in ()).throw(AlertmanagerError("it is down"))  # type: ignore[assignment,method-assign]
    actor.turn()
    assert actor.incident().outcome == "succeeded"
    actor.clock.advance(MINUTE)
    reconcile(actor.world)
    actor.alertmanager.post = broken  # type: ignore[method-assign]
    back = actor.restarted()
    reconcile(back.world)
    reconcile(back.world)
    assert [name for name in actor.alertmanager.names() if name == "HomeostatOutcome"] == ["HomeostatOutcome"]
    back.journal.close()


def test_an_outcome_of_yesterday_is_no_news(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    with actor.journal.transaction() as db:
        news.owe(db, actor.incident().id, actor.clock.now())
        news.owe(db, "gone", actor.clock.now())
    actor.clock.advance(DAY + 1)
    told = len(actor.alertmanager.posted)
    reconcile(actor.world)
    assert (len(actor.alertmanager.posted), news.owed(actor.journal)) == (told, [])


def test_its_labels_let_people_route_by_host_problem_and_target(actor: Actor) -> None:
    notify.tell_outcome(actor.world, incident(), "succeeded", "fine")
    labels = actor.alertmanager.posted[0].labels
    assert {name: labels[name] for name in ("host", "problem", "target", "resource", "action", "incident", "outcome")} == {
        "host": "h1", "problem": "memory_leak", "target": "web", "resource": "memory", "action": "service-restart", "incident": "i1", "outcome": "succeeded",
    }  # fmt: skip


@pytest.mark.parametrize(("outcome", "severity"), [("succeeded", "info"), ("warned", "info"), *[(bad, "warning") for bad in FAILURES if bad != "stranded"], ("stranded", "critical")])
def test_the_worse_the_outcome_the_louder(actor: Actor, outcome: Outcome, severity: str) -> None:
    notify.tell_outcome(actor.world, incident(severity="critical"), outcome, "why")
    assert actor.alertmanager.posted[0].labels["severity"] == severity


def test_an_alertmanager_that_does_not_answer_is_told_to_the_caller(actor: Actor) -> None:
    actor.alertmanager.down = True
    assert not notify.announce(actor.world, incident(), 0.0, PLAN)
    assert not notify.propose(actor.world, incident(), PLAN, 0.0)
    assert not notify.tell_outcome(actor.world, incident(), "succeeded", "fine")
