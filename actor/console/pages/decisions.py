"""`/decisions`: every incident, the last opened first, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask

from actor.console.page import Page, show
from actor.journal import incidents

if TYPE_CHECKING:
    from actor.service import Service

_PER_PAGE = 50
# SQLite counts no further.
_MOST_PAGES = 2**32


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/decisions")
    def decisions() -> flask.Response:
        asked = flask.request.args.get("page", default=1, type=int)
        number = min(max(1, asked), _MOST_PAGES)
        found, pages = incidents.page(service.world.journal, number, _PER_PAGE)
        return show("decisions", found=found, number=number, pages=pages)


PAGE = Page(add=_add, title="Decisions", order=20)
