"""POST `/silences/forget`: a person ends the silences that Alertmanager has lost and the actor has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.answers import Refused, Routes, answered
from actor.journal import incidents, silences
from homeostat.alertmanager import AlertmanagerError

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.post("/silences/forget")
    def forget() -> flask.Response:
        world = service.world
        try:
            told = world.alertmanager.every_silence()
        except AlertmanagerError as error:
            raise Refused(f"which silences are lost is not known: {error}", 503) from None
        forgotten = silences.forget(world.journal, told)
        with world.journal.transaction() as db:
            incidents.wake_undecided(db, world.clock.now())
        service.bell.set()
        return answered({"forgotten": forgotten})


ROUTES = Routes(add=_add)
