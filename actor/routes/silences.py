"""POST `/silences/forget`: a person ends the silences that Alertmanager has lost and the actor has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.answers import Refused, Routes, answered
from actor.person.controls import forget_lost
from homeostat.alertmanager import AlertmanagerError

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.post("/silences/forget")
    def forget() -> flask.Response:
        try:
            forgotten = forget_lost(service.world)
        except AlertmanagerError as error:
            raise Refused(f"which silences are lost is not known: {error}", 503) from None
        service.bell.set()
        return answered({"forgotten": forgotten})


ROUTES = Routes(add=_add)
