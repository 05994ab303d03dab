"""The book of kept forecasts: once an hour it follows every series, scores what is due, learns, and keeps anew; pure."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from exporter import recalibration, tally
from exporter.recalibration import Evidence
from exporter.scoring import KEPT, VOIDS, Batch, Course, View, Void, begin, follow, hold
from exporter.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exporter.model import Key, Reading
    from exporter.scoring import Held, Rows
    from forecasting import Forecast

HOUR = 3600.0
# The longer the horizon the seldomer it is kept, so that at most 25 of a series and horizon wait at a time.
KEPT_PER_HORIZON = 24
# So that even the shortest is scored soon after its end.
LOOKS_PER_HORIZON = 4
_DAY = 86400.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """What one cycle forecast: the time (Unix seconds), each reading with its forecast, and when each (host, target) saw an action."""

    now: float
    forecasts: Sequence[tuple[Reading, Forecast]]
    marks: Mapping[tuple[str, str], float]
    horizons: Sequence[float]
    step: float


class Book(msgspec.Struct, frozen=True, array_like=True):
    """All that is remembered beside the kept forecasts themselves: by series' number, horizon (seconds), problem and reason.

    `layout` is another number whenever something that is written changes its shape. Since `steady_since` the clock has not jumped.
    """

    layout: Literal[1] = 1
    turned_at: float = -math.inf
    next_id: int = 0
    courses: dict[int, Course] = {}
    tallies: dict[float, Tally] = {}
    evidence: dict[str, Evidence] = {}
    voids: dict[Void, int] = {}
    kept_at: dict[float, float] = {}
    steady_since: float = -math.inf

    def shifts(self) -> dict[str, float]:
        """Return the recalibration of each problem that has evidence."""
        return {problem: recalibration.shift(evidence) for problem, evidence in self.evidence.items()}


def spacing(horizon: float) -> float:
    """Return the least seconds between two kept forecasts of one series and horizon."""
    return max(HOUR, horizon / KEPT_PER_HORIZON)


def is_due(turned_at: float, now: float, horizons: Iterable[float]) -> bool:
    """Say whether it is time to turn the page: hourly, sooner where a horizon is that short; also when the clock was set back."""
    return not 0 <= now - turned_at < min(HOUR, min(horizons) / LOOKS_PER_HORIZON)


def goes_on(before: float, now: float) -> bool:
    """Say whether a clock that showed `before` may show `now` without having jumped: not back, and not far ahead."""
    return before == -math.inf or 0 <= now - before <= recalibration.MOST_ELAPSED_SECONDS


def forget_after(book: Book, now: float, horizons: Iterable[float]) -> float:
    """Return the time from which on kept forecasts are of a clock that was wrong.

    Whether that was the clock before it jumped or the one after is known once it has gone on for longer than any horizon.
    """
    steady = goes_on(book.turned_at, now) and now - book.steady_since > max((*horizons, *book.kept_at)) + _DAY
    return now if steady else math.inf


def turn_page(book: Book, turn: Turn, due: Iterable[Batch]) -> tuple[Book, list[Batch]]:
    """Return the book an hour on, with `due` scored, and the forecasts of this turn that are to be kept."""
    applied = book.shifts()
    page = _followed(_faded(book, turn.now), turn)
    for batch in due:
        page = _scored(page, batch, turn.now)
    asked = _to_keep(page, turn)
    wanted = [horizon for horizon in turn.horizons if not 0 <= turn.now - page.kept_at.get(horizon, math.inf) < spacing(horizon)]
    made = (Batch(turn.now, horizon, _rows(asked, horizon, applied)) for horizon in wanted)
    batches = [batch for batch in made if batch.rows.size]
    return _forgotten(_opened(page, batches), turn), batches


def _faded(book: Book, now: float) -> Book:
    seconds = recalibration.elapsed(book.turned_at, now)
    return msgspec.structs.replace(
        book,
        turned_at=now,
        steady_since=book.steady_since if goes_on(book.turned_at, now) else now,
        tallies={horizon: tally.fade(found, seconds) for horizon, found in book.tallies.items()},
        evidence={problem: recalibration.fade(found, seconds) for problem, found in book.evidence.items()},
    )


def _followed(book: Book, turn: Turn) -> Book:
    known = {course.key: course for course in book.courses.values()}
    numbers = itertools.count(book.next_id)
    courses = dict(book.courses)
    for key, (reading, _) in _by_key(turn).items():
        view = View(turn.now, turn.marks.get((key.host, key.target), -math.inf), turn.step)
        course = follow(known[key], reading, view) if key in known else begin(next(numbers), reading, view)
        courses[course.id] = course
    return msgspec.structs.replace(book, courses=courses, next_id=next(numbers))


def _by_key(turn: Turn) -> dict[Key, tuple[Reading, Forecast]]:
    """Return the forecasts by series; of two under one name the first counts, as everywhere."""
    return {reading.key: (reading, forecast) for reading, forecast in reversed(turn.forecasts)}


def _scored(book: Book, batch: Batch, now: float) -> Book:
    held = hold(batch, book.courses, now)
    told = tally.add(book.tallies.get(batch.horizon, Tally()), held, batch.horizon)
    voids: dict[Void, int] = {reason: book.voids.get(reason, 0) + held.voids[reason] for reason in VOIDS}
    return _learned(msgspec.structs.replace(book, tallies={**book.tallies, batch.horizon: told}, voids=voids), held, batch.horizon)


def _learned(book: Book, held: Held, horizon: float) -> Book:
    """Let every series that was scored or acted on have its say about its problem, and note how much it has had."""
    rows = np.concatenate([held.rows, held.acted])
    crossed = np.concatenate([held.crossed.astype(float), np.full(held.acted.size, math.nan)])
    speakers = [book.courses[number] for number in rows["series"].tolist()]
    shares = recalibration.share(np.array([course.voice for course in speakers]), spacing(horizon))
    logits = recalibration.logit(rows["probability"].astype(float)) - rows["recalibration"]
    problems = np.array([course.key.problem for course in speakers], object)
    evidence = dict(book.evidence)
    for problem in sorted(set(problems.tolist())):
        of = problems == problem
        evidence[problem] = recalibration.learn(
            evidence.get(problem, Evidence()), logits[of], crossed[of], shares[of]
        )
    heard = {
        course.id: msgspec.structs.replace(course, voice=course.voice + more)
        for course, more in zip(speakers, shares.tolist(), strict=True)
    }
    return msgspec.structs.replace(book, evidence=evidence, courses=book.courses | heard)


def _to_keep(book: Book, turn: Turn) -> list[tuple[Course, Forecast]]:
    """Return the forecasts that can be scored: those that say something, of series that are not past their limit."""
    by_key = {course.key: course for course in book.courses.values()}
    known = ((by_key[key], reading, forecast) for key, (reading, forecast) in _by_key(turn).items())
    return [(course, forecast) for course, reading, forecast in known if not forecast.reason and not reading.past_limit]


def _rows(asked: Iterable[tuple[Course, Forecast]], horizon: float, applied: Mapping[str, float]) -> Rows:
    rows = []
    for course, forecast in asked:
        if horizon in forecast.probabilities:
            said = forecast.probabilities[horizon], applied.get(course.key.problem, 0.0)
            time = forecast.time_to_limit_seconds
            rows.append((course.id, int(course.observed_seconds), *said, time.lower, time.median, time.upper))
    return np.array(rows, KEPT)


def _opened(book: Book, batches: Iterable[Batch]) -> Book:
    numbers = {number for batch in batches for number in batch.rows["series"].tolist()}
    opened = {number: msgspec.structs.replace(book.courses[number], open=True) for number in numbers}
    kept_at = {batch.horizon: batch.made_at for batch in batches}
    return msgspec.structs.replace(book, courses=book.courses | opened, kept_at=book.kept_at | kept_at)


def _forgotten(book: Book, turn: Turn) -> Book:
    """Drop the series and events that no kept forecast can still ask about."""
    oldest = turn.now - max((*turn.horizons, *book.kept_at)) - _DAY
    courses = {
        course.id: msgspec.structs.replace(course, events=tuple(event for event in course.events if event.at >= oldest))
        if course.events
        else course
        for course in book.courses.values()
        if course.followed_at >= oldest
    }
    return msgspec.structs.replace(book, courses=courses)
