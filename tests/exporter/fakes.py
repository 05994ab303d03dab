"""One fake for each port: a Prometheus that answers from memory and a clock that jumps."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from homeostat.block import Block
from homeostat.prometheus import PrometheusError, RemoteReadError, Sample, Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homeostat.matchers import Matcher

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
    reads_remotely = False

    def __init__(self) -> None:
        self.ranges: dict[str, list[Series]] = {}
        self.instants: dict[str, list[Sample]] = {}
        self.broken: set[str] = set()
        self.down = False
        self.asked: list[str] = []
        self.past: list[tuple[str, float, float]] = []
        self.external: dict[str, str] = {}

    def query(self, promql: str) -> list[Sample]:
        self._check(promql)
        return self.instants.get(promql, [])

    def vector(self, promql: str, at: float) -> Block:
        """Answer as `query`, or with the newest value of a range that is stored and not five minutes old."""
        self._check(promql)
        found = self.instants.get(promql)
        if found is None:
            rows = [row for row in self._within(promql, at - 300, at) if row.timestamps]
            found = [Sample(row.labels, at, row.values[-1]) for row in rows]
        return block([Series(sample.labels, (at,), (sample.value,)) for sample in found])

    def matrix(self, promql: str, start: float, end: float, step: float) -> Block:
        self._check(promql)
        self.past.append(("query_range", start, end))
        return block(self._within(promql, start, end))

    def remote_read(self, queries: Sequence[Sequence[Matcher]], start: float, end: float) -> Block:
        """Answer queries of equalities, with `external` on every series."""
        self.past.append(("remote_read", start, end))
        if not self.reads_remotely:
            raise RemoteReadError("not by this fake")
        found = []
        for query in queries:
            wanted = {matcher.name: matcher.value for matcher in query}
            self._check(wanted["__name__"])
            found += [row for row in self._within(wanted["__name__"], start, end) if wanted.items() <= ({"__name__": wanted["__name__"]} | row.labels).items()]
        return block([Series({**self.external, **row.labels}, row.timestamps, row.values) for row in found])

    def _within(self, promql: str, start: float, end: float) -> list[Series]:
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


def block(series: list[Series]) -> Block:
    """Put series into columns, as an answer of Prometheus is read."""
    names = [msgspec.json.encode(row.labels) for row in series]
    counts = np.array([len(row.timestamps) for row in series], np.int64)
    times = np.array([time for row in series for time in row.timestamps], float)
    values = np.array([value for row in series for value in row.values], float)
    return Block(names, counts, times, values, lambda name: msgspec.json.decode(name, type=dict[str, str]))
