"""Counts each pattern at each component, and holds its last hour against its own week."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import msgspec

from homeostat.config.section import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WEEK_SECONDS = 7 * DAY
OTHER = "other"
_MOST_CELLS = 300


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One pattern at one component: how often ever, in each minute of the last hour, in each hour of the last week.

    `details` is what the last match took in; `burst_since` (Unix seconds) is set while there are enough of them and more than usual.
    """

    pattern: str
    component: str
    total: int = 0
    minutes: dict[int, int] = {}
    hours: dict[int, int] = {}
    details: dict[str, str] = {}
    burst_since: float | None = None

    @property
    def in_hour(self) -> int:
        """How often in the last hour: its frequency."""
        return sum(self.minutes.values())

    @property
    def first_at(self) -> float:
        """When the first of the last hour was, to the minute."""
        return float(min(self.minutes, default=0) * MINUTE)

    @property
    def last_at(self) -> float:
        """When the last one was, to the minute."""
        return float(max(self.minutes, default=0) * MINUTE)

    def norm(self, watched_seconds: float) -> float:
        """Return how often it is in an hour usually: the mean of the week (or as long as it was watched) before the last hour."""
        hours = min(watched_seconds, WEEK_SECONDS) / HOUR - 1
        return max(0, sum(self.hours.values()) - self.in_hour) / max(1.0, hours)

    def risk(self, watched_seconds: float) -> float:
        """Return how far the last hour is from the norm, 0..1 (SPEC 3.5)."""
        return risk(self.in_hour, self.norm(watched_seconds))


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """One line that held a pattern: when, at which component, and what the match took in."""

    at: float
    pattern: str
    component: str
    details: Mapping[str, str]


def risk(frequency: float, norm: float) -> float:
    """Return the logistic risk of an hourly frequency against its norm: 1 / (1 + e^(-k (f - norm))), k = 4 / max(norm, 1)."""
    steepness = 4 / max(norm, 1)
    return 1 / (1 + math.exp(min(700.0, -steepness * (frequency - norm))))


def counted(cells: Iterable[Cell], hits: Iterable[Hit], now: float) -> tuple[Cell, ...]:
    """Return the cells with further hits, and without what is too old; where there are too many, a new component is `other`."""
    known = {(cell.pattern, cell.component): _aged(cell, now) for cell in cells}
    for hit in hits:
        key = hit.pattern, hit.component if (hit.pattern, hit.component) in known or len(known) < _MOST_CELLS else OTHER
        known[key] = _one_more(known.get(key, Cell(pattern=key[0], component=key[1])), hit, now)
    return tuple(cell for cell in known.values() if cell.hours)


def _one_more(cell: Cell, hit: Hit, now: float) -> Cell:
    # A line from before an hour counts in its week only; one from the future is of now.
    at = min(hit.at, now)
    minutes = _plus(cell.minutes, int(at // MINUTE)) if at > now - HOUR else cell.minutes
    hours = _plus(cell.hours, int(at // HOUR))
    return msgspec.structs.replace(cell, total=cell.total + 1, minutes=minutes, hours=hours, details={**cell.details, **hit.details})


def _plus(counts: Mapping[int, int], slot: int) -> dict[int, int]:
    return {**counts, slot: counts.get(slot, 0) + 1}


def _aged(cell: Cell, now: float) -> Cell:
    # Where the clock was set back, what it counted ahead of now would stay for as long.
    minutes = {slot: count for slot, count in cell.minutes.items() if now - HOUR < slot * MINUTE <= now}
    hours = {slot: count for slot, count in cell.hours.items() if now - WEEK_SECONDS < slot * HOUR <= now}
    # What a match took in is told with what it tells of.
    return msgspec.structs.replace(cell, minutes=minutes, hours=hours, details=cell.details if minutes else {})
