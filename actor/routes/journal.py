"""GET `/journal/export` and `/journal/faults`: the audit trail and what does not agree in it, as JSON lines while they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask
import msgspec

from actor.answers import Routes
from actor.journal import audit, export

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.journal import Journal
    from actor.service import Service

_MIMETYPE = "application/jsonl"


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/journal/export")
    def exported() -> flask.Response:
        since = flask.request.args.get("since", default=0.0, type=float)
        return flask.Response(export.lines(service.world.journal, since), mimetype=_MIMETYPE)

    @api.get("/journal/faults")
    def faults() -> flask.Response:
        return flask.Response(_told(service.world.journal), mimetype=_MIMETYPE)


def _told(journal: Journal) -> Iterator[bytes]:
    for fault in audit.faults(journal):
        yield msgspec.json.encode({"fault": fault}) + b"\n"


ROUTES = Routes(add=_add)
