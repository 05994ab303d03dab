"""POST `/incidents/ID/approve`, `deny`, `veto`, `again`, `defer`, `unnecessary`, `necessary`: a person's word; GET `/proposals` and `/scheduled`: what waits for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from actor.answers import Refused, Routes, answered, body_of
from actor.journal import incidents
from actor.person import UNKNOWN, Spoken
from actor.person.again import ask_again
from actor.person.approval import approve
from actor.person.deferral import defer
from actor.person.hindsight import mark
from actor.person.refusal import refuse

if TYPE_CHECKING:
    import flask

    from actor.person import Reply
    from actor.service import Service
    from homeostat.words import Mark

Author = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Reason = Annotated[str, msgspec.Meta(max_length=1000)]


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who speaks, as user@host, and why."""

    author: Author
    reason: Reason = ""

    def of(self, incident_id: str) -> Spoken:
        """Return it as a word on that incident."""
        return Spoken(incident_id, self.author, self.reason)


class Approved(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A yes to the plan of that hash."""

    plan_hash: str


class Moved(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A later time in Unix seconds, or None for now."""

    until: Annotated[float, msgspec.Meta(ge=0, le=253402300799)] | None


def _add(api: flask.Blueprint, service: Service) -> None:
    world = service.world

    @api.post("/incidents/<incident_id>/approve")
    def approved(incident_id: str) -> flask.Response:
        said = body_of(Approved)
        return _told(service, approve(world, said.of(incident_id), said.plan_hash))

    @api.post("/incidents/<incident_id>/deny")
    def denied(incident_id: str) -> flask.Response:
        return _told(service, refuse(world, body_of(Said).of(incident_id), "denied"))

    @api.post("/incidents/<incident_id>/veto")
    def vetoed(incident_id: str) -> flask.Response:
        return _told(service, refuse(world, body_of(Said).of(incident_id), "vetoed"))

    @api.post("/incidents/<incident_id>/again")
    def again(incident_id: str) -> flask.Response:
        return _told(service, ask_again(world, body_of(Said).of(incident_id)))

    @api.post("/incidents/<incident_id>/defer")
    def deferred(incident_id: str) -> flask.Response:
        said = body_of(Moved)
        return _told(service, defer(world, said.of(incident_id), said.until))

    @api.post("/incidents/<incident_id>/<any(unnecessary, necessary):marked>")
    def marked(incident_id: str, marked: Mark) -> flask.Response:
        return _told(service, mark(world, body_of(Said).of(incident_id), marked))

    @api.get("/proposals")
    def proposals() -> flask.Response:
        return answered(waiting(service))

    @api.get("/scheduled")
    def scheduled() -> flask.Response:
        return answered(incidents.scheduled(world.journal))


def _told(service: Service, reply: Reply) -> flask.Response:
    service.bell.set()
    if not reply.taken:
        raise Refused(reply.reason, 404 if reply == UNKNOWN else 409)
    return answered(reply)


def waiting(service: Service) -> list[dict[str, Any]]:
    """Return the proposals that wait for a person, and those that a person approved and that wait for a gate."""
    journal = service.world.journal
    found = [(incident, incidents.proposal_of(journal, incident.id)) for incident in incidents.open_episodes(journal)]
    return [
        {**msgspec.to_builtins(incident), "proposal": proposal}
        for incident, proposal in found
        if proposal is not None and (incident.state == "proposed" or proposal["approved_by"] is not None)
    ]


ROUTES = Routes(add=_add)
