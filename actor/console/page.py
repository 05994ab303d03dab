"""What a page of the console is made of, and what all of them need."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import flask

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.console.visits import Visit
    from actor.service import Service


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """A page: `add` puts its addresses on the blueprint; with a `title` it stands in the menu, by `order`, as the address of its file's name."""

    add: Callable[[flask.Blueprint, Service], None]
    title: str = ""
    order: int = 0


def show(template: str, code: int = 200, **values: Any) -> flask.Response:
    """Return the page of that template, which every value enters escaped."""
    return flask.Response(flask.render_template(f"{template}.html", **values), status=code, mimetype="text/html")


def visit() -> Visit:
    """Return the visit that this request belongs to."""
    found: Visit = flask.g.visit
    return found


def see_other(endpoint: str, **values: Any) -> flask.Response:
    """Send the browser on to a page of the console, to GET it: going back or again then repeats nothing."""
    address = flask.url_for(f"console.{endpoint}", **values)
    return flask.Response(status=303, headers={"Location": address})
