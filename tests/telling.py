"""A running actor's surroundings: what the exporter, Prometheus and Alertmanager tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeostat.clock import SystemClock, rfc3339
from tests.outlooks import Course, exporter, used_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.actor.live import Live
    from tests.httpd import Asked, Reply


def told_to(live: Live, courses: Sequence[Course]) -> None:
    """Let the exporter and Prometheus, as an actor of `live` finds them, tell of these."""
    clock, before = SystemClock(), live.site.answer
    forecasts = exporter(courses, clock)

    def answer(asked: Asked) -> Reply:
        if asked.path in {"/api/v1/forecast", "/api/v1/windows"}:
            return forecasts(asked)
        return used_in(courses, asked, clock.now()) if asked.path == "/api/v1/query_range" else before(asked)

    live.site.answer = answer


def silence_of(text: str) -> dict[str, Any]:
    """Return a silence as Alertmanager tells of it, of the target of that name, by an author of that name, for that reason."""
    now = SystemClock().now()
    matchers = [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in (("alertname", "HomeostatAutoExecute"), ("target", text))]
    said = {"id": f"silence of {text}", "comment": text, "createdBy": text, "matchers": matchers, "status": {"state": "active"}}
    return {**said, "startsAt": rfc3339(now - 60), "endsAt": rfc3339(now + 86400)}
