"""POST `/undo`: a person takes back what the last action, or that of an incident, did; a dry run only tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from actor.answers import Refused, Routes, answered, body_of
from actor.person import Spoken
from actor.person.undoing import undo

if TYPE_CHECKING:
    import flask

    from actor.service import Service


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks, as user@host, and why; of which incident, or the last one."""

    author: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    incident_id: Annotated[str, msgspec.Meta(pattern="^[0-9a-z]{0,32}$")] = ""
    dry_run: bool = False


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.post("/undo")
    def undone() -> flask.Response:
        asked = body_of(Asked)
        done = undo(service.world, Spoken(asked.incident_id, asked.author, asked.reason), dry_run=asked.dry_run)
        service.bell.set()
        if not done.taken:
            raise Refused(done.reason)
        return answered(done)


ROUTES = Routes(add=_add)
