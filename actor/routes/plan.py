"""GET `/plan`: all open problems of this host as one plan in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.answers import Routes, answered
from actor.situation import agenda_of

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/plan")
    def plan() -> flask.Response:
        return answered(agenda_of(service.world))


ROUTES = Routes(add=_add)
