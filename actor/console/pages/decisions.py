"""`/decisions`: every incident, the last opened first, a page at a time, chosen by the words that the command line takes."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any

import flask
import msgspec

from actor.console.page import Page, show
from actor.journal import incidents
from actor.journal.wanted import Wanted
from homeostat.cli.moments import moment
from homeostat.words import DECISIONS, Outcome

if TYPE_CHECKING:
    from actor.service import Service

_PER_PAGE = 50
# SQLite counts no further.
_MOST_PAGES = 2**32
_WORDS = ("target", "problem", "action", "decision", "outcome")
_TIMES = ("since", "until")


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/decisions")
    def decisions() -> flask.Response:
        journal, args = service.world.journal, flask.request.args
        # What was asked, as it stands in the address: the form shows it, and every page's link keeps it.
        asked = {name: args[name] for name in (*_WORDS, *_TIMES, "pending") if args.get(name, "").strip()}
        number = min(max(1, args.get("page", default=1, type=int)), _MOST_PAGES)
        listing, why = incidents.Listing([], 0, 1), None
        try:
            wanted, since = _wanted(asked, service.world.clock.now())
            listing = incidents.page(journal, (number, _PER_PAGE), wanted, since)
        except (ValueError, OverflowError, msgspec.ValidationError) as error:
            why = str(error)
        known = {
            "problem": incidents.names(journal, "problem"),
            "action": incidents.names(journal, "action"),
            "decision": DECISIONS,
            "outcome": typing.get_args(Outcome),
        }
        return show("decisions", 200 if why is None else 400, listing=listing, number=number, asked=asked, known=known, why=why)


def _wanted(asked: dict[str, str], now: float) -> tuple[Wanted, float | None]:
    """Read what is asked for, and since when. Raises ValueError and msgspec.ValidationError with what does not fit."""
    said: dict[str, Any] = {name: asked[name] for name in _WORDS if name in asked}
    times = {name: moment(asked[name], now) for name in _TIMES if name in asked}
    if "until" in times:
        said["until"] = times["until"]
    return msgspec.convert({**said, "pending": "pending" in asked}, Wanted), times.get("since")


PAGE = Page(add=_add, title="Decisions", order=30)
