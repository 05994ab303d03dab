"""A running actor's surroundings, told what is forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.clock import SystemClock
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
