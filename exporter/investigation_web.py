"""GET `/api/v1/investigation?target=NAME[&since=UNIX]`: one target looked into, as JSON; one at a time, for each asks a lot."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import flask

from exporter.investigation import UnknownTarget, investigate
from exporter.investigation.model import Asked
from exporter.investigation.words import as_json
from homeostat.config.section import DAY

if TYPE_CHECKING:
    from exporter.service import Service

_MOST_BACK_SECONDS = 90 * DAY
_UNIX = re.compile(r"\d{1,12}(\.\d{1,6})?")


def investigation_routes(app: flask.Flask, service: Service) -> None:
    """Add the address to `app`."""
    one_at_a_time = threading.Lock()

    @app.get("/api/v1/investigation")
    def investigation() -> tuple[dict[str, Any], int]:
        now, target, said = service.clock.now(), flask.request.args.get("target", ""), flask.request.args.get("since")
        if said is not None and not (_UNIX.fullmatch(said) and now - _MOST_BACK_SECONDS <= float(said) < now):
            return {"error": f"since={said!r} is no Unix time of the last 90 days"}, 400
        with one_at_a_time:
            world, sights = service.seen()
            try:
                found = investigate(Asked(world.config, target, now, float(said) if said is not None else None), sights, world.prometheus)
            except UnknownTarget as unknown:
                return {"error": str(unknown)}, 404
        return as_json(found), 200
