"""The past window of a query's series in memory: one value a step for each, the newest on top of the oldest."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from forecasting.model import Array
    from homeostat.block import Block, Floats, Ints

Identity: TypeAlias = tuple[tuple[str, str], ...]

_UNKNOWN = -1
# A series' labels come in three forms: with and without the metric's name, and in remote_read's.
_MOST_ALIASES = 4
# The longest time that a sample was the newest is forgotten by so much with each new one: an outage is no scrape interval.
_FADING = 0.9


def identity_of(labels: Mapping[str, str]) -> Identity:
    """Return what tells series of one query apart: every label but the metric's name."""
    return tuple(sorted(item for item in labels.items() if item[0] != "__name__"))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What one series did: finite samples in ascending time, and the time of its newest finite sample (Unix seconds).

    `interval_seconds` is how long a sample of it is the newest one at least, as far as that was seen.
    """

    labels: Mapping[str, str]
    timestamps: Array
    values: Array
    newest: float
    interval_seconds: float


def _only(good: np.ndarray[tuple[int], np.dtype[np.bool_]], *columns: np.ndarray[tuple[int], np.dtype[Any]]) -> tuple[np.ndarray[tuple[int], np.dtype[Any]], ...]:
    """Return the good rows of all columns: no copies where, as nearly always, all are."""
    return columns if good.all() else tuple(column[good] for column in columns)


class Ring:
    """The last `points` steps of every series of one query.

    Step `b` holds the last sample in (b - 1, b] times `step` seconds, as a range query with that step would. A sample
    that was there already, is out of order or no finite number, or lies outside the window, changes nothing.
    """

    def __init__(self, step: float, points: int) -> None:
        """Hold nothing yet; `read_to` says up to when everything was read (Unix seconds)."""
        self.step = step
        self.points = points
        self.read_to = -math.inf
        self._head = 0
        self._rows: dict[Identity, int] = {}
        self._free: list[int] = []
        self._aliases: dict[bytes, int] = {}
        self._labels: list[Mapping[str, str]] = []
        self._newest = np.empty(0)
        self._measured = np.empty(0)
        self._interval_seconds = np.empty(0)
        self._values = np.empty((0, points))

    def __len__(self) -> int:
        return len(self._rows)

    def advance(self, now: float) -> None:
        """Let the window end at `now`; after a jump back, or further than the window, nothing of it is left."""
        head = self.step_of(now)
        if not 0 <= head - self._head < self.points:
            self._values.fill(np.nan)
            self._newest.fill(-math.inf)
            self._measured.fill(-math.inf)
            self.read_to = -math.inf
        else:
            self._values[:, np.arange(self._head + 1, head + 1) % self.points] = np.nan
        self._head = head

    def step_of(self, timestamp: float) -> int:
        """Return the number of the step that a time falls into."""
        return math.ceil(timestamp / self.step)

    def rows(self, block: Block) -> Ints:
        """Return the row of each of the block's series, -1 for one that is not known."""
        known = self._aliases.get
        return np.array([row if (row := known(name)) is not None else self._row(name, block) for name in block.names], np.int64)

    def add(self, labels: Mapping[str, str]) -> int:
        """Make room for a series, unless it has a row already, and return its row."""
        identity = identity_of(labels)
        if identity in self._rows:
            return self._rows[identity]
        if not self._free:
            self._grow()
        row = self._free.pop()
        self._rows[identity] = row
        self._labels[row] = labels
        return row

    def put(self, block: Block, rows: Ints) -> None:
        """Store the samples of a block, of whose series `i` the row is `rows[i]`, -1 to leave it out."""
        owners = np.repeat(rows, block.counts)
        good = (owners != _UNKNOWN) & np.isfinite(block.values)
        owners, times, values = _only(good, owners, block.timestamps, block.values)
        steps = np.ceil(times / self.step)
        newest = self._measured[owners]
        late = (times < newest) & (steps >= np.ceil(newest / self.step))
        good = (steps > self._head - self.points) & (steps <= self._head) & ~late
        owners, times, values, steps = _only(good, owners, times, values, steps)
        if ((times[1:] < times[:-1]) & (owners[1:] == owners[:-1])).any():
            order = np.argsort(times, kind="stable")
            owners, times, values, steps = owners[order], times[order], values[order], steps[order]
        # Of several samples in one step the last that is assigned stays.
        self._values[owners, self._places(steps)] = values
        last = np.flatnonzero(np.append(owners[1:] != owners[:-1], owners.size > 0))
        np.maximum.at(self._newest, owners[last], times[last])
        np.maximum.at(self._measured, owners[last], times[last])

    def _places(self, steps: Floats) -> Ints:
        """Return where steps of the window lie: those before the turn of the ring are negative, which counts from its end."""
        return steps.astype(np.int64) - (self._head - self._head % self.points)

    def saw(self, rows: Ints, timestamps: Array, values: Array) -> None:
        """Note when the newest samples of some series were taken, `values`, whether numbers or not; a row of -1 is left out."""
        known = rows != _UNKNOWN
        rows, timestamps, values = rows[known], timestamps[known], values[known]
        came = rows[(timestamps > self._newest[rows]) & np.isfinite(self._newest[rows])]
        waited = np.clip(self.read_to - self._newest[came], 0.0, self.step)
        self._interval_seconds[came] = np.maximum(waited, _FADING * self._interval_seconds[came])
        self._newest[rows] = timestamps
        self._measured[rows] = np.where(np.isfinite(values), timestamps, np.minimum(self._measured[rows], timestamps))

    def evict(self, before: float) -> None:
        """Forget the series without a sample since `before` (Unix seconds)."""
        self._forget({identity: row for identity, row in self._rows.items() if self._newest[row] < before})

    def make_room(self, count: int, live: Ints) -> None:
        """Forget `count` series, if any, that are not in the rows `live`: those first whose last sample is oldest."""
        if count <= 0:
            return
        spared = set(live.tolist())
        gone = sorted((item for item in self._rows.items() if item[1] not in spared), key=lambda item: self._newest[item[1]])
        self._forget(dict(gone[:count]))

    def _forget(self, gone: Mapping[Identity, int]) -> None:
        for identity, row in gone.items():
            del self._rows[identity]
            self._values[row] = np.nan
            self._newest[row] = self._measured[row] = -math.inf
            self._interval_seconds[row] = 0.0
        self._free += gone.values()
        if gone:
            self._aliases.clear()

    def pasts(self, now: float, size: int) -> Iterator[list[Past]]:
        """Yield what there is of every series with a finite sample, `size` at a time: each batch is a copy, free to be kept or dropped."""
        timestamps = np.minimum(np.arange(self._head - self.points + 1, self._head + 1) * self.step, now)
        known = np.array(sorted(self._rows.values()), np.int64)
        oldest = (self._head + 1) % self.points
        for first in range(0, len(known), size):
            rows = known[first : first + size]
            values = np.concatenate((self._values[rows, oldest:], self._values[rows, :oldest]), axis=1)
            yield list(self._finite(rows, timestamps, values))

    def _finite(self, rows: Ints, timestamps: Array, values: Array) -> Iterator[Past]:
        finite = np.isfinite(values)
        starts, ends = finite.argmax(axis=1), self.points - finite[:, ::-1].argmax(axis=1)
        counts = finite.sum(axis=1)
        for index in np.flatnonzero(counts):
            span = slice(starts[index], ends[index])
            # A series without a hole, as nearly all are, needs no copy.
            kept = span if counts[index] == ends[index] - starts[index] else finite[index]
            row = rows[index]
            newest, interval = float(self._measured[row]), float(self._interval_seconds[row])
            yield Past(self._labels[row], timestamps[kept], values[index][kept], newest, interval)

    def _row(self, name: bytes, block: Block) -> int:
        """Look a series up by its labels, and remember its row by its name."""
        row = self._rows.get(identity_of(block.read_labels(name)), _UNKNOWN)
        if len(self._aliases) > _MOST_ALIASES * len(self._rows):
            self._aliases.clear()
        if row != _UNKNOWN:
            self._aliases[name] = row
        return row

    def _grow(self) -> None:
        """Make room for an eighth more. Grown in place: a large array is then moved by the kernel, and never held twice."""
        old = len(self._labels)
        new = old + old // 8 + 16
        self._values.resize((new, self.points), refcheck=False)
        self._newest.resize(new, refcheck=False)
        self._measured.resize(new, refcheck=False)
        self._interval_seconds.resize(new, refcheck=False)
        self._values[old:] = np.nan
        self._newest[old:] = self._measured[old:] = -math.inf
        self._interval_seconds[old:] = 0.0
        self._labels += [{}] * (new - old)
        self._free += range(new - 1, old - 1, -1)
