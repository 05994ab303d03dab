"""GET `/selftest`: how the newest selftest incident stands. POST `/selftest`: a person's own selftest ended so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor import selftest
from actor.answers import Refused, Routes, answered, body_of
from homeostat.hops import HOP_NAMES
from homeostat.selftest import Report

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/selftest")
    def stands() -> flask.Response:
        return answered(selftest.standing(service))

    @api.post("/selftest")
    def ended() -> flask.Response:
        report = body_of(Report)
        if {report.failed_at, *(step.hop for step in report.steps)} - {"", *HOP_NAMES}:
            raise Refused(f"a hop is none of {', '.join(HOP_NAMES)}", 400)
        if len({step.hop for step in report.steps}) < len(report.steps):
            raise Refused("a hop is made once", 400)
        # By this host's clock: the person's may be another's, and what lies ahead would hide for as long that nothing comes through.
        selftest.keep(service.world, msgspec.structs.replace(report, ended_at=service.world.clock.now()))
        return answered({"reason": "noted"})


ROUTES = Routes(add=_add)
