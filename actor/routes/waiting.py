"""GET `/proposals` and `/scheduled`: what waits for a person's word, and what waits for a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor.answers import Routes, answered
from actor.journal import incidents

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/proposals")
    def proposals() -> flask.Response:
        return answered(waiting(service))

    @api.get("/scheduled")
    def scheduled() -> flask.Response:
        return answered(incidents.scheduled(service.world.journal))


def waiting(service: Service) -> list[dict[str, Any]]:
    """Return the proposals that wait for a person, and those that a person approved and that wait for a gate; a selftest's asks nobody."""
    journal = service.world.journal
    found = [(incident, incidents.proposal_of(journal, incident.id)) for incident in incidents.open_episodes(journal)]
    return [
        {**msgspec.to_builtins(incident), "proposal": proposal}
        for incident, proposal in found
        if proposal is not None and not incident.is_selftest and (incident.state == "proposed" or proposal["approved_by"] is not None)
    ]


ROUTES = Routes(add=_add)
