"""An incident over HTTP: its story explains itself, whichever door is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.situation import GATES
from tests.actor.web import AS_OPERATOR, Pages, pages_of
from tests.homeostat.explanation.seen import whole
from tests.support import WEB

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
