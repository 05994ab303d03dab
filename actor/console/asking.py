"""The doors by which a page asks in free words: the actor's own lists are read where they lie, not over the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor.answers import Refused
from actor.journal import incidents
from actor.routes.incidents import decided, tell_story
from actor.routes.status import describe_status
from actor.routes.waiting import waiting
from homeostat.daemon_client import DaemonClient, DaemonRefused
from homeostat.doors import Doors, exporter_door

if TYPE_CHECKING:
    from actor.service import Service


class OwnLists(DaemonClient):
    """Answers what a question asks of the actor's API, as the API does."""

    def __init__(self, service: Service) -> None:
        """Read the journal of `service`."""
        super().__init__(service.world.config.actor_url, None)
        self._service = service

    def get(self, path: str, **parameters: str | float) -> Any:
        """Return what the API has at `path`. Raises DaemonRefused for what is not there, and JournalError."""
        journal = self._service.world.journal
        match path.split("/"):
            case ["decisions"]:
                try:
                    return msgspec.to_builtins(decided(self._service, parameters))
                except Refused as refusal:
                    raise DaemonRefused(str(refusal)) from None
            case ["proposals"]:
                return waiting(self._service)
            case ["status"]:
                return describe_status(self._service)
            case ["scheduled"]:
                return msgspec.to_builtins(incidents.scheduled(journal))
            case ["incidents", incident_id] if (found := incidents.find(journal, incident_id)) is not None:
                return msgspec.to_builtins(tell_story(self._service, found))
        raise DaemonRefused(f"there is nothing at {path}")


def doors_of(service: Service) -> Doors:
    """Return the doors to everything that a question asks, this actor among them."""
    world = service.world
    return Doors(world.config, world.prometheus, world.alertmanager, OwnLists(service), exporter_door(world.config, None), world.clock)
