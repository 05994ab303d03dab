"""The API under `/api/v1`, for the CLI and scripts: the operator's credential, and what `routes` can do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import flask
from werkzeug.exceptions import HTTPException

from actor import routes
from actor.answers import Refused, Routes, answered
from actor.journal import JournalError
from homeostat.credentials import authorized
from homeostat.discovery import discover

if TYPE_CHECKING:
    from actor.service import Service

log = logging.getLogger(__name__)

ROUTES = discover(routes, "ROUTES", Routes)


def api_routes(app: flask.Flask, service: Service) -> None:
    """Add every capability in `routes`; all need the operator's token in a header: no cookie of the console counts here."""
    api = flask.Blueprint("api", __name__, url_prefix="/api/v1")

    @api.before_request
    def only_the_operator() -> flask.Response | None:
        header = flask.request.headers.get("Authorization")
        if service.operator_tokens and not authorized(header, service.operator_tokens):
            service.api_requests.add(401)
            log.warning("a request of %s for %s has not the operator's credential", flask.request.remote_addr, flask.request.path)
            return answered({"error": "the operator's token is needed, as bearer or basic; see security.operator_token_files"}, 401)
        return None

    @api.errorhandler(Refused)
    def refused(refusal: Refused) -> flask.Response:
        return answered({"error": str(refusal)}, refusal.code)

    @api.errorhandler(JournalError)
    def unanswered(error: JournalError) -> flask.Response:
        return answered({"error": str(error)}, 503)

    # The router's own refusals (no such address, another method) belong to no blueprint.
    @app.errorhandler(HTTPException)
    def unmet(error: HTTPException) -> flask.Response | HTTPException:
        spoken_to = flask.request.path.startswith("/api/")
        return answered({"error": error.description}, error.code or 500) if spoken_to else error

    for capability in ROUTES.values():
        capability.add(api, service)
    app.register_blueprint(api)
