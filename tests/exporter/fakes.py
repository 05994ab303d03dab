"""One fake for each port: a Prometheus that answers from memory and a clock that jumps."""

from __future__ import annotations

import dataclasses

from homeostat.prometheus import PrometheusError, Sample, Series

NOW = 1_700_000_000.0


@dataclasses.dataclass
class FakeClock:
    seconds: float = 0.0

    def now(self) -> float:
        return NOW + self.seconds

    def monotonic(self) -> float:
        return 1000.0 + self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FakePrometheus:
    """Answers `ranges` and `instants` by exact query; a query in `broken` raises, everything does while `down`."""

    url = "http://fake"

    def __init__(self) -> None:
        self.ranges: dict[str, list[Series]] = {}
        self.instants: dict[str, list[Sample]] = {}
        self.broken: set[str] = set()
        self.down = False
        self.asked: list[str] = []

    def query(self, promql: str) -> list[Sample]:
        self._check(promql)
        return self.instants.get(promql, [])

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        self._check(promql)
        rows = self.ranges.get(promql, [])
        kept = [[(t, v) for t, v in zip(row.timestamps, row.values, strict=True) if start <= t <= end] for row in rows]
        return [Series(row.labels, *zip(*pairs, strict=True)) for row, pairs in zip(rows, kept, strict=True) if pairs]

    def put(self, query: str, labels: dict[str, str], samples: list[tuple[float, float]]) -> None:
        """Store a series of `query` with (time, value) samples, and its newest raw timestamp."""
        times, values = zip(*samples, strict=True)
        self.ranges.setdefault(query, []).append(Series(labels, times, values))
        self.instants.setdefault(f"timestamp({query})", []).append(Sample(labels, times[-1], times[-1]))

    def _check(self, promql: str) -> None:
        self.asked.append(promql)
        if self.down or promql in self.broken:
            raise PrometheusError(f"no answer to {promql!r}")
