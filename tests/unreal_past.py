"""A Prometheus that is none, for tests, and has a past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import promql_parser

from homeostat.prometheus import PrometheusError, Series
from tests.support import FakePrometheus

if TYPE_CHECKING:
    from homeostat.clock import Clock


class Remembering(FakePrometheus):
    """Answers ranges too, with what a test says there was."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.past: list[Series] = []
        self.asked: list[tuple[float, float, float]] = []
        self.queries: list[str] = []

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        """Return what there was, whatever of it is asked for."""
        if self.down:
            raise PrometheusError(f"Prometheus at {self.url} gave no answer to {promql!r}: it is down")
        promql_parser.parse(promql)
        self.asked.append((start, end, step))
        self.queries.append(promql)
        return self.past
