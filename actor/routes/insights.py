"""GET `/insights`: what the track record says, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.answers import Routes, answered
from actor.insights import insights

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/insights")
    def told() -> flask.Response:
        return answered(insights(service.world.journal))


ROUTES = Routes(add=_add)
