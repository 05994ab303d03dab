"""Reads what a query's series did before: raw by remote_read where that is cheaper, else step by step by query_range."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import logging
import math
from typing import TYPE_CHECKING

from exporter.rings import identity_of
from homeostat.matchers import exactly, plain
from homeostat.prometheus import MOST_POINTS, RemoteReadError, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from exporter.rings import Identity
    from homeostat.block import Block, Labels
    from homeostat.config.types import Exporter
    from homeostat.matchers import Matcher
    from homeostat.prometheus import Prometheus

log = logging.getLogger(__name__)

# A raw sample costs this much less than a step of query_range, so remote_read pays up to so many samples a step.
RAW_PER_STEP = 4
# What one request may bring, so that an answer and what it is decoded into stay small beside the rings; text takes more.
RAW_SAMPLES_A_REQUEST = 1_200_000
STEPS_A_REQUEST = 400_000
# New series asked for in one query by their labels; thousands would make one that is too long to be parsed in comfort.
SERIES_A_QUERY = 50
# Read at a time: one answer is decoded while Prometheus works on the next.
REQUESTS_AT_ONCE = 2
# Prometheus shows a sample in instant queries for so long.
LOOKBACK_SECONDS = 300
# Prometheus begins new chunks at whole multiples of this, by its --storage.tsdb.min-block-duration as it is by default.
CHUNKS_BEGIN_SECONDS = 7200


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end`, Unix seconds, inclusive."""

    start: float
    end: float

    def parts(self, seconds: float) -> Iterator[Span]:
        """Yield parts of at most `seconds`, the newest first, that meet without a hole."""
        end = self.end
        while end - self.start > seconds:
            yield Span(end - seconds, end)
            end -= seconds
        yield Span(self.start, end)

    def whole_chunks(self, seconds: float) -> Iterator[Span]:
        """Yield parts as `parts` does, which meet where chunks do if they are that long: Prometheus writes anew what is cut."""
        newest = math.floor((self.end - 2 * LOOKBACK_SECONDS) / CHUNKS_BEGIN_SECONDS) * CHUNKS_BEGIN_SECONDS
        if seconds < CHUNKS_BEGIN_SECONDS or newest <= self.start:
            yield from self.parts(seconds)
            return
        yield Span(newest, self.end)
        yield from Span(self.start, newest).parts(seconds - seconds % CHUNKS_BEGIN_SECONDS)


@dataclasses.dataclass(frozen=True, slots=True)
class Reader:
    """Reads the past of one query, newest first, in blocks of bounded size whose labels are those of instant queries."""

    prometheus: Prometheus
    query: str
    settings: Exporter

    def whole(self, span: Span, live: Collection[Identity]) -> Iterator[Block]:
        """Yield all series of the query over `span`; `live` are those that an instant query shows at its end.

        Raises:
            PrometheusError: no answer, or none that can be read.

        """
        matchers = plain(self.query)
        if matchers and self.prometheus.reads_remotely and self.settings.step <= RAW_PER_STEP * self.settings.scrape_interval:
            try:
                yield from self._raw([matchers], span, live, len(live))
            except RemoteReadError as error:
                log.info("remote_read of %r not used: %s", self.query, error)
            else:
                return
        yield from self._stepwise(self.query, span, len(live))

    def newcomers(self, span: Span, labels: Sequence[Labels]) -> list[Block] | None:
        """Return a few series by their exact `labels` over `span`, or None where only all can be read.

        Raises:
            PrometheusError: as `whole` does.

        """
        samples = len(labels) * (span.end - span.start) / self.settings.scrape_interval
        if plain(self.query) is None or samples > RAW_SAMPLES_A_REQUEST:
            return None
        if self.prometheus.reads_remotely:
            try:
                live = [identity_of(each) for each in labels]
                return list(self._raw([exactly(each) for each in labels], span, live, len(labels)))
            except RemoteReadError as error:
                log.info("remote_read of new series of %r not used: %s", self.query, error)
        groups = [labels[first : first + SERIES_A_QUERY] for first in range(0, len(labels), SERIES_A_QUERY)]
        return [block for group in groups for block in self._stepwise(" or ".join(map(_selector, group)), span, len(group))]

    def _raw(self, queries: Sequence[Sequence[Matcher]], span: Span, live: Collection[Identity], series: int) -> Iterator[Block]:
        seconds = _seconds(series, self.settings.scrape_interval, RAW_SAMPLES_A_REQUEST)
        blocks = _ahead(lambda part: self.prometheus.remote_read(queries, part.start, part.end), span.whole_chunks(seconds))
        known: dict[bytes, Labels] = {}
        external: frozenset[tuple[str, str]] | None = None
        for block in blocks:
            if external is None:
                external = _external(block, live)
            yield _without(block, external, known)

    def _stepwise(self, query: str, span: Span, series: int) -> Iterator[Block]:
        step = self.settings.step
        aligned = Span(math.ceil(span.start / step) * step, math.floor(span.end / step) * step)
        most = min(_seconds(series, step, STEPS_A_REQUEST), (MOST_POINTS - 1) * step)
        parts = (part for part in aligned.parts(max(1, math.floor(most / step)) * step) if part.start <= part.end)
        return _ahead(lambda part: self.prometheus.matrix(query, part.start, part.end, step), parts)


def _selector(labels: Labels) -> str:
    return f"{{{','.join(f'{name}={quoted(value)}' for name, value in labels.items())}}}"


def _seconds(series: int, interval: float, samples: int) -> float:
    """Return over how long `series` with a sample every `interval` seconds make `samples`; at least so long that every live one has some."""
    return max(2 * LOOKBACK_SECONDS, samples / max(1, series) * interval)


def _ahead(read: Callable[[Span], Block], parts: Iterable[Span]) -> Iterator[Block]:
    """Yield what `read` makes of each part, in order, with the next ones under way."""
    under_way: collections.deque[concurrent.futures.Future[Block]] = collections.deque()
    with concurrent.futures.ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="past") as pool:
        for part in parts:
            under_way.append(pool.submit(read, part))
            if len(under_way) == REQUESTS_AT_ONCE:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _external(block: Block, live: Collection[Identity]) -> frozenset[tuple[str, str]]:
    """Return the external labels that remote_read shows and instant queries do not.

    They are on every series here, and no series of an instant query has a label of that name. With them taken off,
    every live series must be found: a server that shows others must be read in another way.
    """
    shown = [block.read_labels(name) for name in block.names]
    names = {name for identity in live for name, _ in identity} | {"__name__"}
    common = frozenset.intersection(*(frozenset(labels.items()) for labels in shown)) if shown else frozenset()
    external = frozenset(item for item in common if item[0] not in names)
    found = {identity_of(dict(labels.items() - external)) for labels in shown}
    if not found.issuperset(live):
        raise RemoteReadError("its series are not those of an instant query")
    return external


def _without(block: Block, external: frozenset[tuple[str, str]], known: dict[bytes, Labels]) -> Block:
    """Take the external labels off a block; `known` are the labels that were read before."""

    def read_labels(name: bytes) -> Labels:
        if name not in known:
            known[name] = dict(block.read_labels(name).items() - external)
        return known[name]

    return dataclasses.replace(block, read_labels=read_labels)
