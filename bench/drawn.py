"""Drawn cases: courses with a limit and what came of it, and memories with their leak, as features that can be learned from."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import courses
from bench.traces import DAY, STEP_SECONDS
from forecasting import Forecast, Limit, Question, Series, Terms
from forecasting.course import SUSTAINED, Course, course_of, sustained_of
from forecasting.features import Features, features_of, view_of
from forecasting.grids import Grid, block_of
from forecasting.growth import Growth, growth_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.traces import Library

PAST, FUTURE = 14 * DAY, 30 * DAY
WEEK = 7 * DAY
FEWEST = 12
LOOKS = 4
LEAK_SEEDS = 1000
# Every leak begins some time, in a load, a warm-up or a saw-tooth that has long been there: so often in what is quiet without it.
BEGINS = 0.1
BATCH = 128


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A course with a limit above it, both rising; `truth` is when it was reached, seconds from now, infinite for not in sight."""

    times: np.ndarray
    levels: np.ndarray
    limit: float
    now: float
    truth: float

    @property
    def course(self) -> Course:
        """The case as the forecaster sees it."""
        question = Question(Series(self.times, self.levels), Limit(self.limit), (1.0,), Terms(self.now, minimum_samples=0))
        return _usable(course_of(question))


class NoCourse(Exception):  # noqa: N818 - the draw simply makes no case
    """What was drawn cannot be forecast, as it is flat or ends too early."""


def _usable(course: Course | Forecast) -> Course:
    if isinstance(course, Forecast):
        raise NoCourse(course.explanation)
    return course


def crossing_case(random: np.random.Generator, library: Library) -> Case | None:
    """Draw a course of a disk, a memory or a plain gauge with a limit; None where the draw makes no case."""
    kind, size = random.choice(["disk", "memory", "gauge"], p=[0.6, 0.12, 0.28]), PAST + FUTURE
    if kind == "disk":
        level = courses.disk(random, library, size)
    elif kind == "memory":
        level = courses.memory(random, library, size, PAST).level
    else:
        level = library.gauge(random, size)
    times = (np.arange(size) - PAST + 1) * STEP_SECONDS
    seen = PAST if random.random() < 0.46 else _part_of_past(random)
    late = min(int(random.uniform(1, 36)), seen // 2) if random.random() < 0.15 else 0
    known_times, known = courses.scraped(random, times[PAST - seen : PAST - late], level[PAST - seen : PAST - late])
    if not _moves(known):
        return None
    present = known[-SUSTAINED:].min()
    ahead = sustained_of(level)[PAST:]
    headroom = _headroom(random, known, np.maximum.accumulate(ahead) - present, gauge=kind == "gauge")
    if not headroom > 1e-4 * np.ptp(known) or known[-1] >= present + headroom:
        return None
    reached = np.flatnonzero(ahead >= present + headroom)
    truth = (reached[0] + 1) * STEP_SECONDS if reached.size else np.inf
    case = Case(known_times, known, float(present + headroom), 0.0, float(truth))
    return case if _makes_course(case) else None


def _makes_course(case: Case | Memory) -> bool:
    try:
        return bool(case.course.times.size)
    except NoCourse:
        return False


def _part_of_past(random: np.random.Generator) -> int:
    """Draw how long was seen: any number of days, or as often from hours on by its logarithm, as after a start."""
    if random.random() < 0.6:
        return int(DAY * random.uniform(0.15, 14))
    return int(DAY * np.exp(random.uniform(np.log(0.07), np.log(14))))


def _moves(known: np.ndarray) -> bool:
    return known.size >= FEWEST and bool(np.ptp(known) > 1e-9 * np.abs(known).max())


def _headroom(random: np.random.Generator, known: np.ndarray, risen: np.ndarray, *, gauge: bool) -> float:
    """Draw a limit's distance: on the course's own way, by the scale of its past, or far off as most of a fleet's are."""
    horizon = int(random.choice([DAY, WEEK, 2 * WEEK]))
    draw, spread = random.random(), float(np.ptp(known))
    top = max(float(known.max() - known[-SUSTAINED:].min()), 0.0)
    if draw < (0.25 if gauge else 0.4):
        share = random.uniform(0, 1.9) if random.random() < 0.6 else np.exp(random.uniform(np.log(0.003), np.log(2)))
        return float(risen[min(int(horizon * share), risen.size - 1)] * random.choice([1, 1, random.uniform(0.8, 1.1)]))
    if draw < (0.65 if gauge else 0.78):
        days = max(1.0, known.size / DAY)
        growth = abs(known[-1] - known[0]) / days * horizon / DAY
        jitter = np.abs(np.diff(known)).mean() * np.sqrt(horizon)
        scales = [spread, growth, jitter, risen[horizon - 1], max(top, 0.02 * spread)]
        return float(random.choice(scales, p=[0.25, 0.25, 0.1, 0.2, 0.2]) * np.exp(0.8 * random.normal() + 0.1))
    if gauge and random.random() < 0.8:
        return top + spread * float(np.exp(0.7 * random.normal() - 1.2))
    return spread * float(np.exp(1.4 * random.normal() + np.log(15)))


def public_case(case: dict[str, Any]) -> Case:
    """Turn a public case so that it rises towards its limit."""
    sign = 1.0 if case["direction"] == "up" else -1.0
    truth = np.inf if case["truth_s"] is None else case["truth_s"]
    return Case(np.array(case["ts"], float), sign * np.array(case["values"], float), sign * case["threshold"], case["now"], truth)


def crossing_features(cases: Sequence[Case]) -> Features:
    """Compute the features of cases, a block at a time."""
    return joined(
        [
            features_of(view_of(block_of([case.course for case in cases[start : start + BATCH]])))
            for start in range(0, len(cases), BATCH)
        ]
    )


def joined(parts: Sequence[Any]) -> Any:
    """Join features, or growths, of several blocks into one."""
    first = parts[0]
    arrays = [field.name for field in dataclasses.fields(first) if isinstance(getattr(first, field.name), np.ndarray)]
    return dataclasses.replace(first, **{name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays})


def drawn_crossings(library: Library, size: int, seed: int) -> tuple[Features, np.ndarray]:
    """Draw `size` cases: their features and truths."""
    random = np.random.default_rng(seed)
    parts, truths = [], []
    while len(truths) < size:
        cases = list(itertools.islice(filter(None, (crossing_case(random, library) for _ in itertools.count())), BATCH))
        parts.append(crossing_features(cases))
        truths += [case.truth for case in cases]
    return joined(parts), np.array(truths)


def drawn_leaks(library: Library, size: int, seed: int) -> tuple[Growth, np.ndarray]:
    """Look at least `size` times at drawn memories: their growth, and their leaks per hour in ranges of their week."""
    random = np.random.default_rng(LEAK_SEEDS + seed)
    parts, slopes = [], []
    while sum(map(len, slopes)) < size:
        looks = itertools.chain.from_iterable(leak_looks(random, library) for _ in range(BATCH // LOOKS))
        growth, leaks = leak_growth(list(looks))
        parts.append(growth)
        slopes.append(leaks)
    return joined(parts), np.concatenate(slopes)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """A service's memory over a week up to `now`, and its leak per hour: 0 where there is none."""

    times: np.ndarray
    levels: np.ndarray
    now: float
    per_hour: float

    @property
    def course(self) -> Course:
        """The memory as the forecaster sees it: without a limit."""
        question = Question(Series(self.times, self.levels), None, (1.0,), Terms(self.now, minimum_samples=0))
        return _usable(course_of(question))


def leak_looks(random: np.random.Generator, library: Library) -> list[Memory]:
    """Draw a memory and look at it at several times: over its last week, an earlier one, and since the last week began."""
    # Most memories of a fleet do not leak: a quarter are nothing but a gauge of load.
    quiet = random.random() < 0.25
    drawn = courses.Memory(library.gauge(random, PAST)) if quiet else courses.memory(random, library, PAST, PAST)
    if not drawn.slope and random.random() < BEGINS:
        drawn = _leaking(random, drawn.level)
    looks = (_look(random, drawn, *_when(random)) for _ in range(LOOKS))
    return [look for look in looks if usable(look)]


def _leaking(random: np.random.Generator, level: np.ndarray) -> courses.Memory:
    """Let a quiet memory begin to leak, whatever else it does, in the first days of its last week."""
    onset = int(PAST - random.uniform(1, 6) * DAY)
    slope = float(np.exp(0.7 * random.normal() + 0.5) * random.uniform(1, 3)) / WEEK
    return courses.Memory(level + slope * np.clip(np.arange(PAST) - onset, 0, None), slope, onset)


def usable(memory: Memory) -> bool:
    """Tell whether a memory can be judged at all."""
    return _moves(memory.levels) and _makes_course(memory)


def _when(random: np.random.Generator) -> tuple[int, int]:
    """Draw up to which sample a memory is seen, and how many."""
    kind = random.random()
    if kind < 0.4:
        return PAST, WEEK
    until = PAST - WEEK + int(random.uniform(1, 7) * DAY)
    return until, WEEK if kind < 0.6 else until - (PAST - WEEK)


def _look(random: np.random.Generator, drawn: courses.Memory, until: int, seen: int) -> Memory:
    """Return a memory as it was scraped: `seen` samples up to `until`; one that leaks later does not leak yet."""
    part = slice(until - seen, until)
    times, levels = courses.scraped(random, (np.arange(PAST)[part] - until + 1) * STEP_SECONDS, drawn.level[part])
    return Memory(times, levels, 0.0, drawn.slope * 3600 / STEP_SECONDS if drawn.onset < until else 0.0)


def leak_growth(cases: Sequence[Memory]) -> tuple[Growth, np.ndarray]:
    """Compute the growth of memories, and their leaks per hour in ranges of their week."""
    parts, slopes = [], []
    for start in range(0, len(cases), BATCH):
        found = cases[start : start + BATCH]
        parts.append(growth_of(hours_of(found)))
        unit = np.array([case.course.spread for case in found]) * parts[-1].range
        slopes.append(np.array([case.per_hour for case in found]) / unit)
    return joined(parts), np.concatenate(slopes)


def hours_of(cases: Sequence[Memory]) -> Grid:
    """Lay memories on hours."""
    return block_of([case.course for case in cases]).hours
