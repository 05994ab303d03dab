"""Reads from Prometheus what a cycle needs: the watched series, the actor's marks and one's own former assertions."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from exporter.model import Key, Observed, Watch
from exporter.past import Reader, Span
from exporter.rings import Identity, Ring, identity_of
from forecasting import Series
from homeostat.block import MalformedError
from homeostat.config import Duration
from homeostat.hosts import host_of
from homeostat.prometheus import PrometheusError
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from homeostat.block import Block, Ints, Labels
    from homeostat.config import Config
    from homeostat.config.types import Exporter
    from homeostat.prometheus import Prometheus

# An assertion that was served this recently survives a restart; the rules bridge the same five minutes.
_RESTORE = "5m"
# A series that ended is shown as stale for a day. Coming back later, its past is read again.
_KEPT_SECONDS = 86400
# Observed at a time, so that what is copied out of the rings and forecast stays small beside them.
BATCH_SERIES = 500


@dataclasses.dataclass(frozen=True, slots=True)
class Memory:
    """The rings of all queries that are watched; they outlive a reload of the configuration that leaves their query as it is.

    `faults` are why watches were not read in the last cycle, each told once.
    """

    rings: dict[tuple[str, float, int], Ring] = dataclasses.field(default_factory=dict)
    faults: dict[str, str] = dataclasses.field(default_factory=dict)

    def ring(self, query: str, settings: Exporter) -> Ring:
        """Return the query's ring, an empty one the first time."""
        key = _key(query, settings)
        if key not in self.rings:
            self.rings[key] = Ring(settings.step, key[2])
        return self.rings[key]

    def keep(self, queries: Iterable[str], settings: Exporter) -> None:
        """Forget the rings of all other queries, and of another window or step."""
        for key in self.rings.keys() - {_key(query, settings) for query in queries}:
            del self.rings[key]


def _key(query: str, settings: Exporter) -> tuple[str, float, int]:
    return query, settings.step, math.floor(settings.window / settings.step) + 1


def follow(ring: Ring, reader: Reader, now: float) -> None:
    """Bring the ring up to `now`: one look at every series, and its past where that is not known.

    The past is read whole at first, for series that are new, and since the last time where a step was missed.

    Raises:
        PrometheusError: a query was not answered, or matches more than `most_series`; what was read before stays.

    """
    if ring.read_to == now:
        return
    try:
        ring.advance(now)
        ring.evict(now - _KEPT_SECONDS)
        live = reader.prometheus.vector(reader.query, now)
        stamps = reader.prometheus.vector(f"timestamp({reader.query})", now)
        _refuse_too_many(live, reader)
        entry = _entry(ring, reader, live)
        for block in _unknown_past(ring, reader, live, now):
            ring.put(block, entry.rows(block, now - _KEPT_SECONDS))
        _see(ring, entry, live, stamps)
    except MalformedError as error:
        raise PrometheusError(f"Prometheus at {reader.prometheus.url} gave no answer to {reader.query!r}: {error}") from None
    ring.read_to = now


def _unknown_past(ring: Ring, reader: Reader, live: Block, now: float) -> Iterable[Block]:
    start = now - (ring.points - 1) * ring.step
    new = [live.read_labels(live.names[index]) for index in np.flatnonzero(ring.rows(live) < 0)]
    blocks = reader.newcomers(Span(start, now), new) if new and ring.read_to > start else []
    if ring.read_to <= start or blocks is None:
        return reader.whole(Span(start, now), [identity_of(live.read_labels(name)) for name in live.names])
    if ring.step_of(now) - ring.step_of(ring.read_to) <= 1:
        return blocks
    since = Span((ring.step_of(ring.read_to) - 1) * ring.step, now)
    return itertools.chain(blocks, reader.whole(since, [identity_of(live.read_labels(name)) for name in live.names]))


@dataclasses.dataclass(frozen=True, slots=True)
class _Entry:
    """Lets new series into a ring of at most `most`: the live ones `awaited`, and those that ended while there is room beside."""

    ring: Ring
    most: int
    awaited: set[Identity]

    def rows(self, block: Block, oldest: float) -> Ints:
        """Return the block's rows, -1 for what is left out: series without a sample since `oldest`, or without room."""
        rows = self.ring.rows(block)
        last = np.cumsum(block.counts) - 1
        fresh = (block.counts > 0) & (block.timestamps[last] >= oldest) if block.timestamps.size else block.counts > 0
        for index in np.flatnonzero((rows < 0) & fresh):
            rows[index] = self._row(block.read_labels(block.names[index]))
        return rows

    def _row(self, labels: Labels) -> int:
        self.awaited.discard(identity_of(labels))
        has_room = len(self.ring) + len(self.awaited) < self.most
        return self.ring.add(labels) if has_room else -1


def _entry(ring: Ring, reader: Reader, live: Block) -> _Entry:
    """Make room in the ring for the series that are live."""
    rows = ring.rows(live)
    awaited = {identity_of(live.read_labels(live.names[index])) for index in np.flatnonzero(rows < 0)}
    ring.make_room(len(ring) + len(awaited) - reader.settings.most_series, rows)
    return _Entry(ring, reader.settings.most_series, awaited)


def _see(ring: Ring, entry: _Entry, live: Block, stamps: Block) -> None:
    """Store the newest values at the times at which they were taken, not at which they were asked for."""
    rows = entry.rows(live, -math.inf)
    taken = dict(zip(ring.rows(stamps).tolist(), stamps.values.tolist(), strict=True))
    times = np.array([taken.get(row, asked) for row, asked in zip(rows.tolist(), live.timestamps.tolist(), strict=True)])
    ring.saw(rows, times, live.values)
    ring.put(dataclasses.replace(live, timestamps=times), rows)


def _refuse_too_many(live: Block, reader: Reader) -> None:
    most = reader.settings.most_series
    if len(live.names) > most:
        raise PrometheusError(f"{reader.query!r} matches more than exporter.most_series {most} series")


@dataclasses.dataclass(frozen=True, slots=True)
class Sizes:
    """What the series of a watch are measured by: sizes by the labels that match them, and numbers by host."""

    own: Mapping[tuple[str, ...], float]
    hosts: Mapping[str, float]


def read_sizes(prometheus: Prometheus, watch: Watch, config: Config, now: float) -> Sizes:
    """Read what a watch's series are measured by, where it asks for that.

    Raises:
        PrometheusError: a query was not answered.

    """
    own = _instants(prometheus, watch.size_query, now)
    hosts = _instants(prometheus, watch.host_query, now)
    return Sizes(
        {_chosen(labels, watch.size_labels): value for labels, value in own},
        {host_of(labels, config): value for labels, value in hosts},
    )


def observe(ring: Ring, watch: Watch, sizes: Sizes, config: Config, now: float) -> Iterator[list[Observed]]:
    """Yield the ring's series in batches, with the age of each newest sample and what it is measured by."""
    for batch in ring.pasts(now, BATCH_SERIES):
        yield [
            Observed(
                past.labels,
                Series(past.timestamps, past.values),
                max(0.0, now - past.newest),
                sizes.own.get(_chosen(past.labels, watch.size_labels)),
                sizes.hosts.get(host_of(past.labels, config)) if sizes.hosts else None,
                past.interval_seconds,
            )
            for past in batch
        ]


def action_marks(prometheus: Prometheus, settings: Exporter) -> dict[tuple[str, str], float]:
    """Return when each (host, target) last saw an action (Unix seconds), also while its actor is down.

    A mark counts from its own time on: one that a clock gave too early hides no other.

    Raises:
        PrometheusError: the query was not answered.

    """
    mark = "(homeostat_action_last_timestamp_seconds <= time())"
    # The label lets `or` keep both: what is there now, and what was there at each step of the window.
    before = f'label_replace(max_over_time({mark}[{Duration(settings.window)}:{Duration(settings.step)}]), "seen", "before", "", "")'
    marks = prometheus.query(f"max by (host, target) ({mark} or {before})")
    return {(mark.labels.get("host", ""), mark.labels.get("target", "")): mark.value for mark in marks}


def former_assertions(prometheus: Prometheus) -> set[Key]:
    """Return what was asserted before this process began; a selftest ended with that one.

    Raises:
        PrometheusError: the query was not answered.

    """
    query = f'max by (problem, host, target, resource) (last_over_time(homeostat_problem_confidence_ratio{{problem!="{SELFTEST}"}}[{_RESTORE}]))'
    rows = [sample.labels for sample in prometheus.query(query)]
    return {Key(*(labels.get(name, "") for name in ("problem", "host", "target", "resource"))) for labels in rows}


def _instants(prometheus: Prometheus, query: str | None, now: float) -> list[tuple[Labels, float]]:
    if query is None:
        return []
    block = prometheus.vector(query, now)
    try:
        return [(block.read_labels(name), value) for name, value in zip(block.names, block.values.tolist(), strict=True)]
    except MalformedError as error:
        raise PrometheusError(f"Prometheus at {prometheus.url} gave no answer to {query!r}: {error}") from None


def _chosen(labels: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in names)
