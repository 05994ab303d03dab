"""Login with the operator's token and a name for the record, and logout."""

from __future__ import annotations

import logging
import urllib.parse
from typing import TYPE_CHECKING

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from actor.console.page import see_other, show
from homeostat.credentials import authorized
from homeostat.printable import printable

if TYPE_CHECKING:
    from actor.console.visits import Visits
    from actor.service import Service

log = logging.getLogger(__name__)

ANYBODY = "anybody"
MOST_NAME = 60


def add_login(console: flask.Blueprint, service: Service, visits: Visits) -> None:
    """Add `/login` and `/logout`."""

    @console.get("/login")
    def login() -> flask.Response:
        if not service.operator_tokens or visits.of(flask.session.get("visit", ""), service.operator_tokens) is not None:
            return _onward(flask.request.args.get("next", ""))
        lost = "You are logged out, so nothing was done. Log in and say it again." if "lost" in flask.request.args else None
        return _form(lost, flask.request.args.get("next", ""))

    @console.post("/login")
    def enter() -> flask.Response:
        form, address = flask.request.form, flask.request.remote_addr
        name, onward = " ".join(form.get("name", "").split()), form.get("next", "")
        token = _fitting(form.get("token", ""), service.operator_tokens)
        if token is None:
            # Nobody waits for another's guesses: behind a proxy a stranger would lock everybody out, and the API takes as many.
            service.api_requests.add(401)
            log.warning("a login from %s has not the operator's credential", address)
            return _form("That is not the operator's token. It stands in one of security.operator_token_files.", onward, 401)
        if not 1 <= len(name) <= MOST_NAME or printable(name) != name:
            return _form(f"Give a name of at most {MOST_NAME} letters, for the record of what you say.", onward, 400)
        flask.session.clear()
        flask.session["visit"] = visits.begin(name, token)
        log.info("%s logged in from %s", name, address)
        return _onward(onward)

    @console.post("/logout")
    def logout() -> flask.Response:
        visits.end(flask.session.get("visit", ""))
        flask.session.clear()
        return see_other("login")


def _fitting(given: str, tokens: tuple[str, ...]) -> str | None:
    """Return the operator's token that was given, or None; each is compared, in constant time."""
    fits = [token for token in tokens if authorized(f"Bearer {given}", (token,))]
    return fits[0] if fits else None


def _form(why: str | None, onward: str, code: int = 200) -> flask.Response:
    name = flask.request.form.get("name", "")[:MOST_NAME]
    return show("login", code, why=why, onward=onward, name=name, most_name=MOST_NAME)


def _onward(address: str) -> flask.Response:
    """Send the browser to a page of the console; whatever is none, on this host or another, becomes the first page."""
    return flask.Response(status=303, headers={"Location": _own_page(address) or flask.url_for("console.now")})


def _own_page(address: str) -> str | None:
    try:
        parts = urllib.parse.urlsplit(address)
        endpoint, values = flask.current_app.create_url_adapter(flask.request).match(parts.path, "GET")  # type: ignore[union-attr]
    except (ValueError, HTTPException, RequestRedirect):
        return None
    if not endpoint.startswith("console.") or endpoint in {"console.login", "console.style"}:
        return None
    # Built anew from what it means, so that nothing of how it was written is left.
    query = urllib.parse.urlencode(urllib.parse.parse_qsl(parts.query))
    return flask.url_for(endpoint, **values) + (f"?{query}" if query else "")
