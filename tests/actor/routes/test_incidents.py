"""An incident over HTTP: its story explains itself, whichever door is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.situation import GATES
from tests.actor.web import AS_OPERATOR, Pages, pages_of
from tests.homeostat.explanation.seen import whole
from tests.support import DISK, HOUR, NOW, WEB

if TYPE_CHECKING:
    from tests.support import Actor

Told = dict[str, list[str]]


@pytest.fixture
def pages(actor: Actor) -> Pages:
    return pages_of(actor)


def told(actor: Actor, pages: Pages) -> Told:
    story = pages.client.get(f"/api/v1/incidents/{actor.incident().id}", headers=AS_OPERATOR).json
    return {section["heading"]: section["lines"] for section in story["explanation"]}


def decided(actor: Actor) -> None:
    """Let Prometheus hold all that a decision is made of."""
    actor.decide(WEB, "service-restart", confidence=0.957)
    for name, labels, value in whole():
        here = {**labels, **{name: word for name, word in WEB._asdict().items() if name in labels}} | ({"action": "service-restart"} if "action" in labels else {})
        actor.prometheus.put(name, value, **here)


def test_a_story_goes_from_the_terms_as_they_were_to_what_comes_next(actor: Actor, pages: Pages) -> None:
    decided(actor)
    actor.turn()
    found = told(actor, pages)
    headings = list(found)
    assert headings[:2] == ["In short", "Series and forecast"]
    assert headings[2].startswith("Decision, as it was at ")
    assert headings[3:] == ["Alertmanager", "Incident", "Gates", "Plan", "What was done", "Undo", "What comes next"]
    assert found["In short"][0].startswith("service-restart was run at web at ")
    assert "  0.30 x 0.89 prediction = 0.267" in found[headings[2]]
    assert len(found["Gates"]) == 1 + len(GATES)


def test_terms_that_prometheus_no_longer_has_are_said_to_be_gone(actor: Actor, pages: Pages) -> None:
    actor.decide(WEB, "service-restart", "alert-only", confidence=0.62)
    actor.turn()
    actor.prometheus.series.clear()
    found = told(actor, pages)
    assert found["In short"] == ["Nothing happened because a confidence of 0.62 was not enough for more."]
    assert found["Decision"][0] == "It was alert-only service-restart at confidence 0.62."
    assert found["Decision"][1].endswith("are not in Prometheus: it may keep less, or had no rules or no exporter then.")


def test_doors_that_do_not_answer_are_named_and_the_rest_is_told(actor: Actor, pages: Pages) -> None:
    decided(actor)
    actor.turn()
    actor.prometheus.down = actor.alertmanager.down = True
    found = told(actor, pages)
    assert found["Decision"][0].startswith("Prometheus does not tell the terms of this decision: Prometheus at http://prometheus.invalid gave no answer")
    assert found["Alertmanager"] == ["Alertmanager does not say: Alertmanager at http://alertmanager.invalid gave no answer: it is down."]
    assert found["Gates"]


def asked(pages: Pages, query: str) -> list[str]:
    found = pages.client.get(f"/api/v1/decisions?{query}", headers=AS_OPERATOR)
    assert found.status_code == 200, found.json
    return [incident["target"] for incident in found.json]


@pytest.fixture
def lived(actor: Actor) -> Actor:
    actor.decide(DISK, "disk-cleanup", "propose", 0.8)
    actor.decide(WEB, "service-restart")
    actor.turn()
    actor.clock.advance(HOUR)
    actor.decide(WEB._replace(target="other", problem="fd_exhaustion"), "service-restart", "alert-only", 0.4)
    actor.turn()
    return actor


@pytest.mark.parametrize(
    ("query", "targets"),
    [
        ("", ["other", "web", "disk"]), ("target=web", ["web"]), ("problem=disk_exhaustion", ["disk"]), ("action=service-restart", ["other", "web"]),
        ("decision=alert-only", ["other"]), ("outcome=succeeded", ["web"]), ("pending=true", ["disk"]), ("pending=false", ["other", "web", "disk"]),
        ("last=60", ["other"]), (f"since={NOW - 1}&until={NOW + 1}", ["web", "disk"]), ("action=service-restart&outcome=alerted", ["other"]), ("target=nobody", []),
        ("pending=true&outcome=succeeded", []),
    ],
)  # fmt: skip
def test_decisions_are_chosen_by_their_words_in_the_journal(lived: Actor, query: str, targets: list[str]) -> None:
    found = asked(pages_of(lived), query)
    assert sorted(found) == sorted(targets)
    assert "other" not in found or found[0] == "other"


def test_a_match_is_found_behind_a_thousand_that_are_newer(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actor.routes.incidents._MOST", 2)
    for number in range(4):
        actor.decide(WEB._replace(target=f"t{number}"), "service-restart", "alert-only")
        actor.turn()
        actor.clock.advance(1)
    assert asked(pages_of(actor), "") == ["t3", "t2"]
    assert asked(pages_of(actor), "target=t0") == ["t0"]


@pytest.mark.parametrize(
    "query",
    [
        "outcome=suceeded", "decision=never", "targt=web", "last=x", "last=nan", "last=inf", "last=-1", "last=1e400", "last=", "since=yesterday", "pending=perhaps",
        "last=60&since=0", "1=1;--=",
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_what_can(pages: Pages, query: str) -> None:
    answer = pages.client.get(f"/api/v1/decisions?{query}", headers=AS_OPERATOR)
    assert answer.status_code == 400
    assert "decisions are asked for by until, target" in answer.json["error"] or "say one" in answer.json["error"]
