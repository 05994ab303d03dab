"""Public leak cases as they looked at earlier ends: every three hours from the end of their first day on, with nothing after it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.drawn import Memory, usable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EVERY_SECONDS, DAY_SECONDS, WEEK_SECONDS = 3 * 3600.0, 86400.0, 7 * 86400.0
ENDS = 49


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The public case `row` at its end number `end`."""

    row: int
    end: int
    memory: Memory


def ends(case: Mapping[str, Any]) -> np.ndarray:
    """Return the ends of a case's looks (Unix seconds): six days."""
    return case["now"] - WEEK_SECONDS + DAY_SECONDS + EVERY_SECONDS * np.arange(ENDS)


def looks(row: int, case: Mapping[str, Any]) -> Iterator[Look]:
    """Yield the looks at a case from which a verdict can be given; one that leaks later does not leak yet."""
    times, values = np.array(case["ts"], float), np.array(case["values"], float)
    for end, now in enumerate(ends(case)):
        seen = np.searchsorted(times, now, side="right")
        leaks = case["label"] and case["onset"] < now
        memory = Memory(times[:seen], values[:seen], float(now), case["slope_per_h"] if leaks else 0.0)
        if usable(memory):
            yield Look(row, end, memory)
