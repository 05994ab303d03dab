"""GET `/health` and `/health/host`: how the actor is, and what its host answers, for `homeostat doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask

from actor.answers import Routes, answered
from actor.health import ask_host, health_of

if TYPE_CHECKING:
    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/health")
    def health() -> flask.Response:
        return answered(health_of(service.world, int(flask.request.environ["SERVER_PORT"])))

    @api.get("/health/host")
    def host() -> flask.Response:
        return answered(ask_host(service.world))


ROUTES = Routes(add=_add)
