"""GET `/api/v1/forecast/query?query=PROMQL[&limit=NUMBER&direction=up|down]`: a person's own query forecast once, one at a time."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import flask

from exporter.asked import Query, TooMuchError, answer
from forecasting import Limit
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from exporter.service import Service

_MOST_LETTERS = 4000
# Who has to wait holds a thread of the server, which has eight: the others are for the metrics.
_MOST_AT_ONCE = 3


def asked_routes(app: flask.Flask, service: Service) -> None:
    """Add the address to `app`."""
    one_at_a_time, askers = threading.Lock(), threading.BoundedSemaphore(_MOST_AT_ONCE)

    @app.get("/api/v1/forecast/query")
    def forecast_query() -> tuple[dict[str, Any], int]:
        try:
            query = _query(flask.request.args)
        except ValueError as error:
            return {"error": str(error)}, 400
        if not askers.acquire(blocking=False):
            return {"error": "others' queries are being forecast; ask again in a moment"}, 503
        try:
            with one_at_a_time:
                world, _ = service.seen()
                return {"forecasts": answer(query, world.prometheus, world.config.exporter, service.clock.now())}, 200
        except (PrometheusError, TooMuchError) as error:
            # 409: it was understood, and its words are the whole story.
            return {"error": str(error)}, 409
        finally:
            askers.release()


def _query(said: Any) -> Query:
    """Read what is asked. Raises ValueError where it cannot be read."""
    promql, limit, direction = said.get("query", ""), said.get("limit"), said.get("direction", "up")
    if not promql.strip() or len(promql) > _MOST_LETTERS:
        raise ValueError(f"query= holds PromQL, in at most {_MOST_LETTERS} letters")
    if direction not in {"up", "down"}:
        raise ValueError(f"direction={direction!r} is neither up nor down")
    return Query(promql, None if limit is None else Limit(_number(limit), direction))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"limit={text!r} is no number")
    return value
