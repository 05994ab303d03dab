"""What may not be met where no credential is asked for: what somebody else's page has a browser send to loopback."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

import flask
from werkzeug.exceptions import Forbidden

from homeostat.addresses import leads_to_loopback

if TYPE_CHECKING:
    from actor.service import Service

# Who reaches these may read them anyway.
_FOR_EVERYBODY = {"healthy", "ready", "metrics"}


def refuse_foreign(app: flask.Flask, service: Service) -> None:
    """Have every address refuse what is foreign while there is no operator's token."""

    @app.before_request
    def only_ours() -> None:
        if not service.operator_tokens and flask.request.endpoint not in _FOR_EVERYBODY:
            why = foreign(flask.request, service.world.config.links.console)
            if why is not None:
                raise Forbidden(why)


def foreign(request: flask.Request, console: str) -> str | None:
    """Say why a request without a credential is not met; None when it is to loopback or to `console`, and no other page sent it.

    A name that somebody else's DNS gives to 127.0.0.1 makes their page one of ours to a browser: only the name tells.
    """
    own = _netloc(console)
    if request.host != own and not leads_to_loopback(f"//{request.host}"):
        return "without an operator's token only loopback's own names and that of links.console are answered; see security.operator_token_files"
    origin = request.headers.get("Origin")
    if origin is not None and _netloc(origin) not in {request.host, own}:
        return "another page than the console's own sent this"
    return None


def _netloc(address: str) -> str:
    try:
        return urllib.parse.urlsplit(address).netloc
    except ValueError:
        return ""
