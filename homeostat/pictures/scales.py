"""From values to places and back to words: scales, and ticks at round numbers and round times."""

from __future__ import annotations

import dataclasses
import datetime
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Beyond this a difference of two numbers may be none, and below this a part of one.
_MOST, _LEAST = 1e300, 1e-290
# Of a range that is so much smaller than its values nothing could be told apart.
_ALIKE = 1e-9
_LAST_MOMENT = 250_000_000_000
_HOUR = 3600
_DAY = 24 * _HOUR
_TIME_STEPS = (60, 300, 900, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 3 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY, 90 * _DAY, 365 * _DAY)
# What a unit's amounts are said in, the largest first.
_WORDS = {
    "bytes": tuple((name, 1000.0**power) for power, name in reversed(list(enumerate(("B", "kB", "MB", "GB", "TB", "PB"))))),
    "seconds": (("d", float(_DAY)), ("h", float(_HOUR)), ("min", 60.0), ("s", 1.0)),
    "ratio": (("%", 0.01),),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """Where values from `low` to `high` lie between two places; what lies outside is drawn at the edge."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the place of a value, NaN of what is no number."""
        if not math.isfinite(value):
            return math.nan
        within = min(max(value, self.low), self.high)
        return self.start + (within - self.low) / (self.high - self.low) * (self.end - self.start)


def real(values: Iterable[float]) -> list[float]:
    """Return those values that can be drawn."""
    return [value for value in values if math.isfinite(value) and abs(value) < _MOST]


def moments(times: Iterable[float]) -> tuple[float, float] | None:
    """Return the first and the last of Unix times that a calendar has, a minute apart at least; None of none."""
    found = [time for time in times if 0 <= time < _LAST_MOMENT]
    return (min(found), max(*found, min(found) + 60)) if found else None


def around(values: Iterable[float]) -> tuple[float, float] | None:
    """Return a range with a little room around all values; None where there is none to draw."""
    found = real(values)
    if not found:
        return None
    low, high = min(found), max(found)
    most = max(abs(low), abs(high))
    room = (high - low) * 0.06 if high - low > max(most * _ALIKE, _LEAST) else most * 0.05 if most > _LEAST else 1.0
    # Of what is never negative nothing is drawn below nothing.
    return (low - room if low < 0 else max(0.0, low - room)), high + room


def ticks(low: float, high: float, most: int, unit: str = "") -> list[float]:
    """Return values from `low` to `high` that are round in the unit's own words, at most so many."""
    size = _said_in(max(abs(low), abs(high)), unit)[1]
    rough = (high - low) / size / most
    # What is counted has no halves.
    power = 10.0 ** math.floor(math.log10(max(rough, 1.0) if unit == "count" else rough))
    step = next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= rough) * size
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def time_ticks(start: float, end: float, most: int) -> Iterator[tuple[float, str]]:
    """Yield round times (Unix seconds, UTC) from `start` to `end` with what is written there, at most so many."""
    step = next((step for step in _TIME_STEPS if (end - start) / step <= most), math.ceil((end - start) / most))
    for number in range(math.ceil(start / step), math.floor(end / step) + 1):
        moment = datetime.datetime.fromtimestamp(number * step, tz=datetime.UTC)
        midnight = number * step % _DAY == 0
        yield number * step, f"{moment:%Y}" if step >= _TIME_STEPS[-1] else f"{moment:%b %-d}" if midnight else f"{moment:%H:%M}"


def _said_in(value: float, unit: str) -> tuple[str, float]:
    words = _WORDS.get(unit, (("", 1.0),))
    return next(((name, size) for name, size in words if value >= size), words[-1])
