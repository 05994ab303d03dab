"""GET `/decisions` and `/incidents/ID`: what was decided, chosen by its words, what became of it, and an incident's whole story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import flask
import msgspec

from actor.answers import Refused, Routes, answered
from actor.journal import incidents, undo_records, verdicts, words
from actor.journal.wanted import Wanted
from actor.person import UNKNOWN
from actor.person.undoing import undo_in_words
from homeostat import explanation
from homeostat.config.section import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actor.model import Incident
    from actor.service import Service

_MOST = 1000
_SPAN = Annotated[float, msgspec.Meta(ge=0, le=1e11)]


class Asked(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request for decisions may say: `last` in seconds (a day without it), or `since`, in Unix seconds as `until` is."""

    last: _SPAN | None = None
    since: _SPAN | None = None
    until: _SPAN | None = None


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/decisions")
    def decisions() -> flask.Response:
        return answered(decided(service, flask.request.args.to_dict()))

    @api.get("/incidents/<incident_id>")
    def incident(incident_id: str) -> flask.Response:
        found = incidents.find(service.world.journal, incident_id)
        if found is None:
            raise Refused(UNKNOWN.reason, 404)
        return answered(tell_story(service, found))


def decided(service: Service, said: Mapping[str, Any]) -> list[Incident]:
    """Return the incidents that are asked for, newest first, at most 1000. Raises Refused on what no request may say."""
    try:
        asked = msgspec.convert(said, Asked, strict=False)
    except msgspec.ValidationError as error:
        names = ", ".join(field.name for field in msgspec.structs.fields(Asked))
        raise Refused(f"{error}; decisions are asked for by {names}", 400) from None
    if asked.last is not None and asked.since is not None:
        raise Refused("last and since are two beginnings; say one", 400)
    since = asked.since
    if since is None:
        since = service.world.clock.now() - (DAY if asked.last is None else asked.last)
    return incidents.recent(service.world.journal, since, asked, _MOST)


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
