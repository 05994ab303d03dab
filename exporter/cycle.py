"""One cycle from top to bottom: recall, ask, forecast, judge; and what of an old answer may still be served."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import math
from typing import TYPE_CHECKING, Literal

from exporter.assertion import Standing, stand
from exporter.ingest import action_marks, former_assertions, observe
from forecasting import Forecast, Question, Terms, forecast
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.model import Key, Reading, Target, Watch
    from homeostat.clock import Clock
    from homeostat.config import Config
    from homeostat.config.types import Exporter
    from homeostat.prometheus import Prometheus

log = logging.getLogger(__name__)

Stage = Literal["recall", "read", "cycle"]
STAGES: tuple[Stage, ...] = ("recall", "read", "cycle")
# Data older than two scrapes asserts nothing, and an assertion is served for two cycles after the one that made it.
FRESH_SCRAPES = 2
ASSERTED_CYCLES = 2
# A forecast is served, with its age, until so many cycles have passed without a new one.
SERVED_CYCLES = 10


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """What a cycle acts on; a reload makes a new one."""

    config: Config
    prometheus: Prometheus
    clock: Clock
    targets: Mapping[str, Target]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """One target with its forecast and whether that makes a problem."""

    reading: Reading
    forecast: Forecast
    standing: Standing


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What one watch gave when it was asked (`asked_at` on the monotonic clock), and in how long the next is due."""

    predictions: tuple[Prediction, ...]
    asked_at: float
    period_seconds: float

    def asserts(self, monotonic_now: float) -> bool:
        """Say whether its assertions may still be served."""
        return monotonic_now - self.asked_at <= ASSERTED_CYCLES * self.period_seconds

    def stands(self, monotonic_now: float) -> bool:
        """Say whether its forecasts may still be served."""
        return monotonic_now - self.asked_at <= SERVED_CYCLES * self.period_seconds


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What the last cycle left: answers by watch, each host's last success (Unix seconds), and how the cycle went.

    `complete` is true once a cycle has read everything: until then former assertions are recalled from Prometheus.
    """

    answers: Mapping[str, Answer] = dataclasses.field(default_factory=dict)
    complete: bool = False
    successes: Mapping[str, float] = dataclasses.field(default_factory=dict)
    errors: Mapping[Stage, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    prometheus_up: bool = False
    duration_seconds: float = math.nan

    def with_errors(self, stage: Stage, count: int) -> Result:
        """Return this result with `count` more errors at `stage`."""
        return dataclasses.replace(self, errors={**self.errors, stage: self.errors[stage] + count})


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Recalled:
    """What is known before anything is read: the time, former standings and the actor's marks by host and target."""

    now: float
    standings: Mapping[Key, Standing]
    marks: Mapping[tuple[str, str], float]


def run(world: World, last: Result) -> Result:
    """Run one cycle after `last`; a watch that could not be read keeps its last answer, as long as that stands."""
    asked_at = world.clock.monotonic()
    try:
        recalled = _recall(world, last)
    except PrometheusError as error:
        log.warning("cycle failed: %s", error)
        took = world.clock.monotonic() - asked_at
        return dataclasses.replace(last, prometheus_up=False, duration_seconds=took).with_errors("recall", 1)
    read = {watch.name: _read(world, watch, recalled) for watch in _watches(world)}
    took = world.clock.monotonic() - asked_at
    period = world.config.exporter.cycle + took
    new = {name: Answer(entries, asked_at, period) for name, entries in read.items() if entries is not None}
    kept = {name: last.answers[name] for name in read.keys() & last.answers.keys() - new.keys()}
    answers = new | {name: answer for name, answer in kept.items() if answer.stands(asked_at)}
    missed = len(read) - len(new)
    return Result(
        answers=answers,
        complete=last.complete or not missed,
        successes=last.successes if missed else dict.fromkeys(_hosts(world, answers), recalled.now),
        errors=last.errors,
        prometheus_up=True,
        duration_seconds=took,
    ).with_errors("read", missed)


def _recall(world: World, last: Result) -> _Recalled:
    # Whole seconds, as the client library rounds a range's ends: the newest point must not lie in the future.
    now = float(math.floor(world.clock.now()))
    marks = action_marks(world.prometheus, world.config.exporter.window)
    return _Recalled(now, _standings(world, last), marks)


def _standings(world: World, last: Result) -> dict[Key, Standing]:
    """Return the standings of the last cycles; after a start, what was asserted before it stands one cycle short."""
    one_short = Standing(world.config.exporter.assertion.cycles - 1)
    former = {} if last.complete else dict.fromkeys(former_assertions(world.prometheus), one_short)
    recent = [answer for answer in last.answers.values() if answer.stands(world.clock.monotonic())]
    return former | {entry.reading.key: entry.standing for answer in recent for entry in answer.predictions}


def _watches(world: World) -> Iterable[Watch]:
    return itertools.chain.from_iterable(target.watches(world.config) for target in world.targets.values())


def _read(world: World, watch: Watch, recalled: _Recalled) -> tuple[Prediction, ...] | None:
    """Return the predictions of one watch, or None when it was not answered."""
    try:
        observed = observe(world.prometheus, watch, world.config.exporter, recalled.now)
    except PrometheusError as error:
        log.warning("target %s not read: %s", watch.name, error)
        return None
    readings = _fullest(reading for reading in map(watch.read, observed) if reading)
    return tuple(_predict(world.config.exporter, reading, recalled) for reading in readings)


def _fullest(readings: Iterable[Reading]) -> Iterable[Reading]:
    """Of several series under one name, as two processes of one service, keep the one nearest to its limit."""
    by_key: dict[Key, Reading] = {}
    for reading in readings:
        other = by_key.setdefault(reading.key, reading)
        if reading.usage_ratio > other.usage_ratio:
            by_key[reading.key] = reading
    return by_key.values()


def _predict(settings: Exporter, reading: Reading, recalled: _Recalled) -> Prediction:
    expected = _forecast(settings, reading, recalled)
    previous = recalled.standings.get(reading.key, Standing())
    return Prediction(reading, expected, stand(previous, reading, expected, settings.assertion))


def _forecast(settings: Exporter, reading: Reading, recalled: _Recalled) -> Forecast:
    if reading.age_seconds > FRESH_SCRAPES * settings.scrape_interval:
        return Forecast(f"The newest sample is {reading.age_seconds:.0f} s old.", "stale")
    horizons = tuple(sorted({*settings.horizons, reading.action_horizon_seconds}))
    since = recalled.marks.get((reading.key.host, reading.key.target), -math.inf)
    terms = Terms(recalled.now, since, settings.minimum_samples)
    return forecast([Question(reading.series, reading.limit, horizons, terms)])[0]


def _hosts(world: World, answers: Mapping[str, Answer]) -> set[str]:
    watched = {entry.reading.key.host for answer in answers.values() for entry in answer.predictions}
    return watched | {world.config.host}
