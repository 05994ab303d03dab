"""`/`: how things stand, what waits for a person's word, what is on its way, and what was decided last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.console.page import Page, show
from actor.journal import incidents
from actor.routes.status import describe_status
from actor.routes.waiting import waiting

if TYPE_CHECKING:
    import flask

    from actor.service import Service
    from actor.world import World
    from homeostat.alertmanager import Silence

_LAST = 10


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/")
    def now() -> flask.Response:
        world = service.world
        return show(
            "now",
            status=describe_status(service),
            silences=_silences(world),
            waiting=waiting(service),
            running=incidents.running(world.journal),
            scheduled=incidents.scheduled(world.journal),
            last=incidents.page(world.journal, 1, _LAST)[0],
        )


def _silences(world: World) -> list[Silence]:
    """Return the silences that may mute what would be executed here; a matcher of another label only narrows one."""
    alerts = [{"alertname": name, "host": world.config.host} for name in ("HomeostatAutoExecute", "HomeostatNotifyExecute")]
    known = world.silences.active if world.silences is not None else ()
    return [silence for silence in known if any(_mutes(silence, labels) for labels in alerts)]


def _mutes(silence: Silence, labels: dict[str, str]) -> bool:
    return all(matcher.matches(labels) for matcher in silence.matchers if matcher.name in labels)


PAGE = Page(add=_add, title="Now", order=10)
