"""`/forecasts`: what will run out, the soonest first, each with its picture and what is decided about it now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask

from actor.console.expected import FEW_SAMPLES, Listed, past_of, soonest
from actor.console.last_told import Wanted, last_told
from actor.console.outlook import Outlook, outlook, series_of
from actor.console.page import Page, show
from actor.journal import incidents
from homeostat.explanation.parts import Silent
from homeostat.pictures import fan

if TYPE_CHECKING:
    from actor.console.expected import Past
    from actor.service import Service
    from actor.world import World

_PER_PAGE = 25
_MOST_PAGES = 100_000
_MOST_LETTERS = 250


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/forecasts")
    def forecasts() -> flask.Response:
        world, args = service.world, flask.request.args
        number = min(max(1, args.get("page", default=1, type=int)), _MOST_PAGES)
        like, everywhere = args.get("like", "")[:_MOST_LETTERS].strip(), args.get("hosts") == "all"
        chosen = {"like": like} | ({} if everywhere else {"host": world.config.host})
        first = (number - 1) * _PER_PAGE
        found = soonest(world, limit=_PER_PAGE, offset=first, **chosen)
        silent = found if isinstance(found, Silent) else None
        if silent is not None:
            found = last_told(world, Wanted(chosen.get("host", ""), like, offset=first, most=_PER_PAGE))
        listed = Listed([]) if isinstance(found, Silent) else found
        past = found if isinstance(found, Silent) else past_of(world, listed.forecasts, FEW_SAMPLES)
        return show(
            "forecasts",
            silent=silent,
            past_silent=past if isinstance(past, Silent) else None,
            outlooks=_outlooks(world, listed, past),
            total=listed.total,
            number=number,
            pages=max(1, -(-listed.total // _PER_PAGE)),
            like=like,
            everywhere=everywhere,
            forecasts_here=world.config.exporter.forecast,
        )


def _outlooks(world: World, listed: Listed, past: Past | Silent) -> list[Outlook]:
    now = world.clock.now()
    return [
        outlook(entry, incidents.of_open_episode(world.journal, entry.key), series_of(past, entry.key), now, fan.draw_small) for entry in listed.forecasts
    ]


PAGE = Page(add=_add, title="What will run out", order=15)
