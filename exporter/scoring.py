"""What became of a kept forecast: each series' course is followed, and a forecast that is due is held against it; pure."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
import numpy as np

from exporter.model import Key
from exporter.recalibration import elapsed, faded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.model import Reading
    from forecasting import Limit
    from forecasting.model import Array

Incident = Literal["crossed", "acted", "moved"]
Void = Literal["acted", "moved", "unobserved"]
Rows: TypeAlias = np.ndarray[tuple[int], np.dtype[np.void]]
VOIDS: tuple[Void, ...] = ("acted", "moved", "unobserved")

# A spike is no crossing: so many consecutive samples must be at or past the limit.
SUSTAINED_SAMPLES = 3
# A limit that moved by more made another question of the forecast, as when a disk was resized.
MOVED_RATIO = 0.05
# Samples further apart than so many steps leave a gap, and a course seen for less than this share is not known.
GAP_STEPS = 3
OBSERVED_RATIO = 0.8

# One kept forecast: the series' number, what was said, the recalibration in it, and how much of its course had been seen.
KEPT = np.dtype(
    [
        ("series", "u4"),
        ("observed_seconds", "u4"),
        ("probability", "f4"),
        ("recalibration", "f4"),
        ("lower", "f4"),
        ("median", "f4"),
        ("upper", "f4"),
    ]
)


class Event(msgspec.Struct, frozen=True, array_like=True):
    """What decides or spoils the forecasts made before it (`at` in Unix seconds)."""

    at: float
    what: Incident


class Course(msgspec.Struct, frozen=True, array_like=True):
    """How one series went on, as far as its kept forecasts need it.

    `seen_until` is its newest sample and `observed_seconds` how long it was seen, gaps left out. `open` says that a
    forecast was kept since the last crossing. `voice` is the say it has had in the recalibration.
    """

    id: int
    key: Key
    followed_at: float
    seen_until: float
    limit: float
    acted_at: float
    observed_seconds: float = 0.0
    open: bool = False
    voice: float = 0.0
    events: tuple[Event, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """When a series is looked at, when its target last saw an action (both Unix seconds), and the seconds between samples."""

    now: float
    acted_at: float
    step: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The forecasts (of dtype `KEPT`) that were kept at one time for one horizon."""

    made_at: float
    horizon: float
    rows: Rows


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A batch held against what happened.

    Of the rows that count: the row, and the seconds until it crossed, infinite where it did not within the horizon.
    Of the others: how many were void for which reason, and those rows that an action made so.
    """

    rows: Rows
    crossing_seconds: Array
    voids: Mapping[Void, int]
    acted: Rows

    @property
    def crossed(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Say of each row whether its limit was crossed within the horizon."""
        return np.isfinite(self.crossing_seconds)


def begin(number: int, reading: Reading, view: View) -> Course:
    """Return the course of a series that was never seen before."""
    return Course(number, reading.key, view.now, _newest(reading), reading.limit.value, _known(view.acted_at, view.now))


def follow(course: Course, reading: Reading, view: View) -> Course:
    """Return the course after the samples that are new since it was last followed, however long ago that was.

    No event is put before that time, as the forecasts that were kept then must hear of it. When in between a limit moved
    is not known, and so not what else was a crossing.
    """
    times = reading.series.timestamps
    new = int(np.searchsorted(times, min(course.seen_until, view.now), side="right"))
    acted_at = max(course.acted_at, _known(view.acted_at, view.now))
    moved = _moved(course.limit, reading.limit.value)
    crossed_at = _crossed_at(reading, max(0, new - SUSTAINED_SAMPLES + 1)) if course.open and not moved else math.inf
    found = [
        *([Event(max(crossed_at, course.followed_at), "crossed")] if crossed_at < math.inf else []),
        *([Event(max(acted_at, course.followed_at), "acted")] if acted_at > course.acted_at else []),
        *([Event(course.followed_at, "moved")] if moved else []),
    ]
    gaps = np.diff(times[max(0, new - 1) :])
    return msgspec.structs.replace(
        course,
        followed_at=view.now,
        seen_until=max(min(course.seen_until, view.now), _newest(reading)),
        limit=reading.limit.value if moved else course.limit,
        acted_at=acted_at,
        observed_seconds=course.observed_seconds + float(gaps[gaps <= GAP_STEPS * view.step].sum()),
        open=course.open and crossed_at == math.inf,
        voice=course.voice * faded(elapsed(course.followed_at, view.now)),
        events=course.events + tuple(sorted(found, key=lambda event: event.at)),
    )


def hold(batch: Batch, courses: Mapping[int, Course], now: float) -> Held:
    """Hold a batch that is due against the courses.

    The first event between forecast and horizon decides: a crossing, or what spoils the question. Without one, the
    forecast counts as not crossed when enough of the course was seen. Rows that hold no probability are void.
    """
    told = zip(*(batch.rows[name].tolist() for name in ("series", "observed_seconds", "probability")), strict=True)
    outcomes = [_outcome(row, courses, batch, now) for row in told]
    counts = np.array([not isinstance(outcome, str) for outcome in outcomes], bool)
    seconds = np.array([outcome for outcome in outcomes if not isinstance(outcome, str)], float)
    acted = np.array([outcome == "acted" for outcome in outcomes], bool)
    return Held(batch.rows[counts], seconds, {reason: outcomes.count(reason) for reason in VOIDS}, batch.rows[acted])


def _outcome(row: tuple[int, int, float], courses: Mapping[int, Course], batch: Batch, now: float) -> float | Void:
    number, seen_before, probability = row
    course = courses.get(number)
    if course is None or not 0 <= probability <= 1:
        return "unobserved"
    due = batch.made_at + batch.horizon
    event = next((event for event in course.events if batch.made_at <= event.at <= due), None)
    if event is None:
        seen = course.observed_seconds - seen_before
        return math.inf if seen >= OBSERVED_RATIO * (now - batch.made_at) else "unobserved"
    return event.at - batch.made_at if event.what == "crossed" else event.what


def _newest(reading: Reading) -> float:
    return float(reading.series.timestamps[-1])


def _known(acted_at: float, now: float) -> float:
    """Return the mark, or never for one that is no number or lies in the future."""
    return acted_at if acted_at <= now else -math.inf


def _moved(old: float, new: float) -> bool:
    return abs(new - old) > MOVED_RATIO * max(abs(old), abs(new))


def _crossed_at(reading: Reading, start: int) -> float:
    """Return when the first sustained stretch at or past the limit began among the samples from `start`; infinite if none."""
    past = _past(reading.series.values[start:], reading.limit)
    if past.size < SUSTAINED_SAMPLES:
        return math.inf
    sustained = np.flatnonzero(np.lib.stride_tricks.sliding_window_view(past, SUSTAINED_SAMPLES).all(axis=1))
    return float(reading.series.timestamps[start + sustained[0]]) if sustained.size else math.inf


def _past(values: Array, limit: Limit) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return values >= limit.value if limit.direction == "up" else values <= limit.value
