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
# Who has to wait holds a thread of the server, which has eight: the others are for the metrics.
_MOST_AT_ONCE = 3
_UNIX = re.compile(r"\d{1,12}(\.\d{1,6})?")


def investigation_routes(app: flask.Flask, service: Service) -> None:
    """Add the address to `app`."""
    one_at_a_time, askers = threading.Lock(), threading.BoundedSemaphore(_MOST_AT_ONCE)

    @app.get("/api/v1/investigation")
    def investigation() -> tuple[dict[str, Any], int]:
        now, target, said = service.clock.now(), flask.request.args.get("target", ""), flask.request.args.get("since")
        if said is not None and not (_UNIX.fullmatch(said) and now - _MOST_BACK_SECONDS <= float(said) < now):
            return {"error": f"since={said!r} is no Unix time of the last 90 days"}, 400
        if not askers.acquire(blocking=False):
            return {"error": "others are being looked into; ask again in a minute"}, 503
        try:
            with one_at_a_time:
                world, sights = service.seen()
                found = investigate(Asked(world.config, target, now, float(said) if said is not None else None), sights, world.prometheus)
        except UnknownTarget as unknown:
            return {"error": str(unknown)}, 404
        finally:
            askers.release()
        return as_json(found), 200
