"""Leak verdicts given again and again: generated memories, seen through a window of a week every three hours for six days.

What counts for a person is whether a quiet service is ever called leaking, and how long after its onset a leak is called.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import courses
from bench.courses import WEEK
from bench.traces import DAY, STEP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.traces import Library

WATCHED = 6 * DAY
SIZE = WEEK + WATCHED
EVERY = 3 * DAY // 24
NOWS = (np.arange(WEEK, SIZE + 1, EVERY) - 1) * STEP_SECONDS
# A leak is watched for at least three days.
LEAST_WATCHED = 3 * DAY
# Training draws with the seeds 0 to 7.
SEED = 20261121
CONFIDENCES = (0.5, 0.6, 0.7, 0.8)
PERSISTENCES = (1, 2, 3, 4, 6, 8)
Answers = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A memory as it was scraped; `onset` (Unix seconds) is when it began to leak, infinite for never."""

    times: np.ndarray
    levels: np.ndarray
    onset: float

    def windows(self) -> list[dict[str, Any]]:
        """Return the requests of all evaluations, in order."""
        return [self._window(float(now)) for now in NOWS]

    def _window(self, now: float) -> dict[str, Any]:
        first, last = np.searchsorted(self.times, [now - WEEK * STEP_SECONDS, now], side="right")
        seen = {"ts": self.times[first:last], "values": self.levels[first:last]}
        return {"id": None, "threshold": None, "direction": None, "horizon": 86400, "now": now, **seen}


def drawn(library: Library, quiet: int, leaking: int) -> list[Watched]:
    """Draw so many memories without a leak, and as many others that begin to leak in the first three of the six days."""
    random = np.random.default_rng(SEED)
    return [_watched(random, library, leaks=number >= quiet) for number in range(quiet + leaking)]


def _watched(random: np.random.Generator, library: Library, *, leaks: bool) -> Watched:
    level, onset = _quiet(random, library), np.inf
    if leaks:
        onset = float(random.integers(WEEK, SIZE - LEAST_WATCHED))
        per_week = np.exp(0.7 * random.normal() + 0.5) * random.uniform(1, 3)
        level = level + per_week / WEEK * np.clip(np.arange(SIZE) - onset, 0, None)
    # Services hold some memory all the time: about as much as what moves, as in the public cases.
    level = level - level.min() + np.ptp(level) * np.exp(random.normal())
    return Watched(*courses.scraped(random, np.arange(SIZE) * STEP_SECONDS, level), onset * STEP_SECONDS)


def _quiet(random: np.random.Generator, library: Library) -> np.ndarray:
    """Draw a memory without a leak; what looks like one (warm-up, step, filling cache) happens while it is watched."""
    while True:
        memory = courses.memory(random, library, SIZE, SIZE)
        if not memory.slope:
            return memory.level


def confidences(watched: Sequence[Watched], answers: Answers) -> np.ndarray:
    """Return how sure of a leak each evaluation of each memory is [memories, evaluations]; each memory's are one batch."""
    return np.array([[answer["leak_score"] for answer in answers(memory.windows())] for memory in watched])


def judged(onsets: np.ndarray, nows: np.ndarray, flags: np.ndarray) -> dict[str, Any]:
    """Tell of flags [memories, evaluations] at `nows`: the share of quiet memories ever flagged, leaks found, and the median delay.

    `onsets` [memories] are when they began to leak, infinite for never.
    """
    quiet = np.isinf(onsets)
    rightly = flags & (onsets[:, None] <= nows)
    found = rightly.any(axis=1)
    first = np.broadcast_to(nows, flags.shape)[np.arange(onsets.size), rightly.argmax(axis=1)]
    delay = float(np.median(np.where(found, (first - onsets) / 3600, np.inf)[~quiet]))
    return {
        "quiet_ever_flagged": float(flags[quiet].any(axis=1).mean()),
        "leaks_found": float(found[~quiet].mean()),
        "delay_hours": delay if np.isfinite(delay) else None,
    }


def lasting(flags: np.ndarray, persistence: int) -> np.ndarray:
    """Keep flags that stood at each of the last `persistence` evaluations."""
    kept = flags.copy()
    for back in range(1, persistence):
        kept[:, back:] &= flags[:, :-back]
        kept[:, :back] = False
    return kept
