"""POST `/breakers/reset`: a person closes every breaker, and what was refused is looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor import learn
from actor.answers import Routes, answered
from actor.journal import incidents

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.post("/breakers/reset")
    def reset() -> flask.Response:
        with service.world.journal.transaction() as db:
            learn.reset_breakers(db)
            incidents.wake_undecided(db, service.world.clock.now())
        service.bell.set()
        return answered({"reset": True})


ROUTES = Routes(add=_add)
