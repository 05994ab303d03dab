"""GET `/decisions` and `/incidents/ID`: what was decided, what became of it, and an incident's whole story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
import msgspec

from actor.answers import Refused, Routes, answered
from actor.journal import incidents, undo_records, verdicts, words
from actor.person import UNKNOWN
from actor.person.undoing import undo_in_words
from homeostat import explanation
from homeostat.config.section import DAY

if TYPE_CHECKING:
    from actor.model import Incident
    from actor.service import Service

_MOST = 1000


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/decisions")
    def decisions() -> flask.Response:
        now = service.world.clock.now()
        seconds = flask.request.args.get("last", default=float(DAY), type=float)
        subject = flask.request.args.get("subject")
        return answered(incidents.recent(service.world.journal, now - seconds, (subject, _MOST)))

    @api.get("/incidents/<incident_id>")
    def incident(incident_id: str) -> flask.Response:
        found = incidents.find(service.world.journal, incident_id)
        if found is None:
            raise Refused(UNKNOWN.reason, 404)
        return answered(tell_story(service, found))


def tell_story(service: Service, incident: Incident) -> dict[str, Any]:
    """Return an incident with every gate's verdicts, its proposal, what persons said, its phases, what of it can be undone, and all of it explained."""
    world, journal = service.world, service.world.journal
    story = {
        **msgspec.to_builtins(incident),
        "verdicts": verdicts.given_on(journal, incident.id),
        "proposal": incidents.proposal_of(journal, incident.id),
        "words": msgspec.to_builtins(words.said_of(journal, incident.id)),
        "phases": incidents.phases_of(journal, incident.id),
        "undo": [undo_in_words(world, record) for record in undo_records.of_incident(journal, incident.id)],
    }
    return {**story, "explanation": explanation.of_incident(story, world.prometheus, world.alertmanager)}


ROUTES = Routes(add=_add)
