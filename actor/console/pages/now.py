"""`/`: how things stand, what waits for a person's word, what is on its way, and what was decided last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actor.console.page import Page, show
from actor.journal import incidents
from actor.routes.status import describe_status
from actor.routes.waiting import waiting
from homeostat.holds import Hold, breaker_hold, silence_holds, stop_hold
from homeostat.silences import Judged, judge, known_names

if TYPE_CHECKING:
    import flask

    from actor.service import Service
    from actor.world import World

_LAST = 10


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/")
    def now() -> flask.Response:
        world = service.world
        status, judged = describe_status(service), _silences(world)
        return show(
            "now",
            status=status,
            holds=_holds(status, judged),
            warnings=[warning for one in judged for warning in one.warnings()],
            waiting=waiting(service),
            running=incidents.running(world.journal),
            scheduled=incidents.scheduled(world.journal),
            last=incidents.page(world.journal, 1, _LAST)[0],
        )


def _silences(world: World) -> list[Judged]:
    known = world.silences.active if world.silences is not None else ()
    return judge(known, known_names(world.config, world.playbooks))


def _holds(status: dict[str, Any], judged: list[Judged]) -> list[Hold]:
    """Return what holds back all that is executed here, or some of it."""
    stopped = [stop_hold(status["stopped"])] if status["stopped"] else []
    return [*stopped, *(breaker_hold(breaker) for breaker in status["open_breakers"]), *silence_holds(judged)]


PAGE = Page(add=_add, title="Now", order=10)
