"""`/forecasts/target?host=H&target=T`: all that is forecast of one target: what was, what is expected, how likely, and why it is thought so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask

from actor.answers import Refused
from actor.console.expected import MANY_SAMPLES, Listed, of_target, past_of, quiet_windows
from actor.console.last_told import Wanted, last_told
from actor.console.outlook import growth, outlook, panel, series_of
from actor.console.page import Page, show
from actor.journal import incidents
from homeostat.amounts import amount
from homeostat.explanation.parts import Silent

if TYPE_CHECKING:
    from actor.service import Service

_MOST_WINDOWS = 5


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/forecasts/target")
    def forecast() -> flask.Response:
        world, host, target = service.world, flask.request.args.get("host", ""), flask.request.args.get("target", "")
        found = of_target(world, host, target)
        silent = found if isinstance(found, Silent) else None
        if silent is not None:
            found = last_told(world, Wanted(host, target=target))
        listed = Listed([]) if isinstance(found, Silent) else found
        if not listed.forecasts and silent is None:
            raise Refused("Nothing is forecast of a target of that name now.", 404)
        past = found if isinstance(found, Silent) else past_of(world, listed.forecasts, MANY_SAMPLES)
        now = world.clock.now()
        windows = quiet_windows(world, target)
        return show(
            "forecast",
            host_of=host,
            target=target,
            silent=silent,
            past_silent=past if isinstance(past, Silent) else None,
            outlooks=[outlook(entry, incidents.of_open_episode(world.journal, entry.key), series_of(past, entry.key), now) for entry in listed.forecasts],
            windows=[] if isinstance(windows, Silent) else windows[:_MOST_WINDOWS],
            amount=amount,
            growth=growth,
            panel=panel(world.config.links.dashboard, host, target),
        )


PAGE = Page(add=_add)
