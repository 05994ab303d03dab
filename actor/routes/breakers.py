"""POST `/breakers/reset`: a person closes every breaker, and what was refused is looked at again; who says by whom has it written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import flask
import msgspec

from actor.answers import Routes, answered, body_of
from actor.person.controls import Who, close_breakers, note_closed

if TYPE_CHECKING:
    from actor.service import Service


class Closing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who closes them, and why."""

    author: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.post("/breakers/reset")
    def reset() -> flask.Response:
        if flask.request.get_data(cache=True):
            said = body_of(Closing)
            note_closed(service.world, Who(said.author, said.reason))
        else:
            close_breakers(service.world)
        service.bell.set()
        return answered({"reset": True})


ROUTES = Routes(add=_add)
