"""`/playbooks`: what answers which problem, how much of it is done unasked now, and what came of it so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.console.page import Page, show
from actor.console.standing import standing_of
from actor.journal import incidents
from homeostat.config import in_force
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/playbooks", endpoint="playbooks")
    def look() -> flask.Response:
        world = service.world
        found = [
            (playbook, standing_of(world, playbook), incidents.runs_of(world.journal, playbook.name, 1))
            for name, playbook in sorted(world.playbooks.items())
            if name != SELFTEST
        ]
        return show("playbooks", found=found, level=in_force(world.config.autonomy, world.clock.now()).level, mode=world.config.autonomy.mode)


PAGE = Page(add=_add, title="Playbooks", order=40)
