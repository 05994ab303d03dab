"""The export: every alert once with its decision, every incident once with its whole story, a few rows at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from actor.journal import export, incidents, intake
from tests.support import DAY, DISK, WEB

if TYPE_CHECKING:
    from tests.support import Actor


def told(actor: Actor, since: float = 0.0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.lines(actor.journal, since)]


def of(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["kind"] == kind]


def test_an_incident_is_told_with_its_whole_story(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    (incident,) = of(told(actor), "incident")
    assert (incident["outcome"], incident["alert_labels"]["target"]) == ("succeeded", "web")
    assert {verdict["gate"] for verdict in incident["verdicts"]} >= {"known", "budget", "confidence"}
    assert all(isinstance(verdict["inputs"], dict) for verdict in incident["verdicts"])
    phases = {phase["phase"]: phase for phase in incident["phases"]}
    assert phases["execute"]["intent"]["step"] == "restart-service"
    assert phases["verify"]["finished_at"] >= phases["verify"]["intended_at"]
    assert phases["verify"]["result"]["finding"] == "verified"
    assert incident["executions"][0]["outcome"] == "succeeded"


def test_a_proposal_is_told_with_its_plan(actor: Actor) -> None:
    for number in range(6):
        actor.host.log(f"app.log.{number}", 32)
    actor.decide(DISK, "disk-cleanup", "propose")
    actor.turn()
    (incident,) = of(told(actor), "incident")
    assert incident["proposals"][0]["plan"]["action"] == "disk-cleanup"


@pytest.mark.parametrize("value", ["\0", "a\nb", "\u202e", '"}', "\U0001f600"])
def test_every_alert_is_one_line_verbatim_with_what_became_of_it(actor: Actor, value: str) -> None:
    actor.hear({"alertname": "HostDown", "target": value})
    actor.turn()
    (alert,) = told(actor)
    assert (alert["labels"]["target"], alert["disposition"], alert["source"]) == (value, "ignored", "webhook")
    assert alert["received_at"] == actor.clock.now()


def test_all_is_told_once_however_many_pages_it_takes(actor: Actor) -> None:
    for number in range(230):
        actor.hear({"alertname": "HostDown", "n": str(number)})
    actor.turn()
    assert [alert["labels"]["n"] for alert in of(told(actor), "alert")] == [str(number) for number in range(230)]


def test_since_leaves_out_what_was_over_before(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    with actor.journal.transaction() as db:
        incidents.end_episode(db, actor.incident(), actor.clock.now())
    actor.clock.advance(2 * DAY)
    actor.decide(DISK, "disk-cleanup")
    actor.turn()
    lines = told(actor, actor.clock.now() - DAY)
    assert [(line["kind"], (line.get("labels") or line)["target"]) for line in lines] == [("alert", "disk"), ("incident", "disk")]


def test_what_tells_of_an_incident_is_told_whatever_table_it_is_in(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    with actor.journal.transaction() as db:
        db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, incident_id TEXT NOT NULL, note TEXT NOT NULL) STRICT")
        db.execute("INSERT INTO notes (incident_id, note) VALUES (?, 'seen')", (actor.incident().id,))
    (incident,) = of(told(actor), "incident")
    assert incident["notes"] == [{"id": 1, "incident_id": actor.incident().id, "note": "seen"}]


def test_while_it_is_read_the_actor_goes_on(actor: Actor) -> None:
    for number in range(120):
        actor.hear({"alertname": "HostDown", "n": str(number)})
    actor.turn()
    reading = export.lines(actor.journal, 0.0)
    next(reading)
    actor.hear({"alertname": "HostDown", "n": "later"})
    actor.turn()
    assert intake.pending(actor.journal) == 0
    assert len(list(reading)) == 120
