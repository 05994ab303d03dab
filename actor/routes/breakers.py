"""POST `/breakers/reset`: a person closes every breaker, and what was refused is looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.answers import Routes, answered
from actor.person.controls import close_breakers

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.post("/breakers/reset")
    def reset() -> flask.Response:
        close_breakers(service.world)
        service.bell.set()
        return answered({"reset": True})


ROUTES = Routes(add=_add)
