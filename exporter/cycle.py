"""One cycle from top to bottom: recall, ask, forecast, judge; and what of an old answer may still be served."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import math
from typing import TYPE_CHECKING, Literal

from exporter.assertion import Standing, stand
from exporter.book import Turn
from exporter.ingest import Memory, action_marks, follow, former_assertions, observe, read_sizes
from exporter.past import Reader
from exporter.readings import of_short_names
from exporter.scorekeeper import Report
from exporter.sights import readings as of_look
from forecasting import Forecast, Question, Series, Terms, forecast
from homeostat.prometheus import PrometheusError
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exporter.ingest import Sizes
    from exporter.model import Key, Observed, Reading, Target, Watch
    from exporter.observation import Look
    from exporter.rings import Ring
    from exporter.scorekeeper import Scorekeeper
    from exporter.selftest import Selftest
    from homeostat.clock import Clock
    from homeostat.config import Config
    from homeostat.config.types import Exporter
    from homeostat.prometheus import Prometheus

log = logging.getLogger(__name__)

Stage = Literal["recall", "read", "score", "cycle"]
STAGES: tuple[Stage, ...] = ("recall", "read", "score", "cycle")
# Data older than two scrapes, as configured or as they are seen to come, asserts nothing, and an assertion is served for two cycles after the one that made it.
FRESH_SCRAPES = 2
ASSERTED_CYCLES = 2
# A forecast is served, with its age, until so many cycles have passed without a new one.
SERVED_CYCLES = 10
# Eight hours of five-minute steps: for so long the exporter may have been down and still score what it had kept.
RECENT_SAMPLES = 96


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """What a cycle acts on; a reload makes a new one, with the memory of the old. Without a scorekeeper, forecasts are not scored.

    A `selftest` under way is forecast, asserted and served like any target, but neither kept nor scored.
    What observers saw of this host at their last `looks` is asserted and served beside it.
    """

    config: Config
    prometheus: Prometheus
    clock: Clock
    targets: Mapping[str, Target]
    memory: Memory = dataclasses.field(default_factory=Memory)
    scorekeeper: Scorekeeper | None = None
    selftest: Selftest | None = None
    looks: Mapping[str, Look] = dataclasses.field(default_factory=dict)


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

    `complete` is true once a cycle has read everything, and every observer has looked: until then former assertions are recalled from Prometheus.
    `stage_seconds` says how long each stage of the cycle took, `unread` which watches were not read.
    """

    answers: Mapping[str, Answer] = dataclasses.field(default_factory=dict)
    complete: bool = False
    successes: Mapping[str, float] = dataclasses.field(default_factory=dict)
    errors: Mapping[Stage, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    prometheus_up: bool = False
    duration_seconds: float = math.nan
    stage_seconds: Mapping[str, float] = dataclasses.field(default_factory=dict)
    scores: Report = dataclasses.field(default_factory=Report)
    unread: tuple[str, ...] = ()

    def with_errors(self, stage: Stage, count: int) -> Result:
        """Return this result with `count` more errors at `stage`."""
        return dataclasses.replace(self, errors={**self.errors, stage: self.errors[stage] + count})


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Recalled:
    """What is known before anything is read: the time, former standings, the actor's marks by host and target, and past scores."""

    now: float
    standings: Mapping[Key, Standing]
    marks: Mapping[tuple[str, str], float]
    scores: Report


def run(world: World, last: Result) -> Result:
    """Run one cycle after `last`; a watch that could not be read keeps its last answer, as long as that stands."""
    asked_at = world.clock.monotonic()
    try:
        recalled = _recall(world, last)
    except PrometheusError as error:
        log.warning("cycle failed: %s", error)
        took = world.clock.monotonic() - asked_at
        return dataclasses.replace(last, prometheus_up=False, duration_seconds=took).with_errors("recall", 1)
    watches = list(_watches(world))
    world.memory.keep((watch.query for watch in watches), world.config.exporter)
    read = {watch.name: _fetch(world, watch, recalled.now) for watch in watches}
    fetched_at = world.clock.monotonic()
    found = _each_key_once({name: _predict(world.config, fetched, recalled) for name, fetched in read.items() if fetched})
    forecast_at = world.clock.monotonic()
    unscored = world.scorekeeper.follow(_turn(world.config.exporter, found, recalled)) if world.scorekeeper else 0
    done_at = world.clock.monotonic()
    period = world.config.exporter.cycle + done_at - asked_at
    new = {name: Answer(predictions, asked_at, period) for name, predictions in found.items()}
    known = {**last.answers, **new}
    answers = {name: known[name] for name in read if name in known and known[name].stands(asked_at)}
    unread = tuple(name for name, fetched in read.items() if fetched is None)
    synthetic = _of_selftest(world, recalled)
    seen = {f"observer {name}": _of_look(world, look, recalled) for name, look in world.looks.items()}
    return Result(
        answers={**answers, **seen, **({SELFTEST: Answer(synthetic, asked_at, period)} if synthetic else {})},
        # Until each observer has looked once, what was asserted of it before is not forgotten.
        complete=last.complete or not (unread or any(look.awaited for look in world.looks.values())),
        successes=last.successes if unread else dict.fromkeys(_hosts(world, answers), recalled.now),
        errors=last.errors,
        prometheus_up=True,
        duration_seconds=done_at - asked_at,
        stage_seconds={"fetch": fetched_at - asked_at, "forecast": forecast_at - fetched_at, "score": done_at - forecast_at},
        scores=_scores(world),
        unread=unread,
    ).with_errors("read", len(unread)).with_errors("score", unscored)


def _recall(world: World, last: Result) -> _Recalled:
    # Whole seconds, as the client library rounds a range's ends: the newest point must not lie in the future.
    now = float(math.floor(world.clock.now()))
    marks = action_marks(world.prometheus, world.config.exporter)
    return _Recalled(now, _standings(world, last), marks, _scores(world))


def _scores(world: World) -> Report:
    return world.scorekeeper.report if world.scorekeeper else Report()


def _turn(settings: Exporter, found: Mapping[str, Sequence[Prediction]], recalled: _Recalled) -> Turn:
    predictions = itertools.chain.from_iterable(found.values())
    forecasts = [(prediction.reading, prediction.forecast) for prediction in predictions]
    horizons = tuple(float(horizon) for horizon in settings.horizons)
    return Turn(recalled.now, forecasts, recalled.marks, horizons, float(settings.step))


def _standings(world: World, last: Result) -> dict[Key, Standing]:
    """Return the standings of the last cycles; after a start, what was asserted before it stands one cycle short."""
    one_short = Standing(world.config.exporter.assertion.cycles - 1)
    former = {} if last.complete else dict.fromkeys(former_assertions(world.prometheus), one_short)
    recent = [answer for answer in last.answers.values() if answer.asserts(world.clock.monotonic())]
    return former | {entry.reading.key: entry.standing for answer in reversed(recent) for entry in answer.predictions}


def _watches(world: World) -> Iterable[Watch]:
    if not world.config.exporter.forecast:
        return ()
    return itertools.chain.from_iterable(target.watches(world.config) for target in world.targets.values())


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Fetched:
    """A watch with all that is known of its series now."""

    watch: Watch
    ring: Ring
    sizes: Sizes


def _fetch(world: World, watch: Watch, now: float) -> _Fetched | None:
    """Bring what is known of a watch's series up to now; None when Prometheus did not answer."""
    settings = world.config.exporter
    ring = world.memory.ring(watch.query, settings)
    try:
        follow(ring, Reader(world.prometheus, watch.query, settings), now)
        fetched = _Fetched(watch, ring, read_sizes(world.prometheus, watch, world.config, now))
    except PrometheusError as error:
        if world.memory.faults.get(watch.name) != str(error):
            log.warning("target %s not read: %s", watch.name, error)
        world.memory.faults[watch.name] = str(error)
        return None
    world.memory.faults.pop(watch.name, None)
    return fetched


def _predict(config: Config, fetched: _Fetched, recalled: _Recalled) -> tuple[Prediction, ...]:
    """Forecast all series of a watch, batch by batch, and judge them."""
    batches = observe(fetched.ring, fetched.watch, fetched.sizes, config, recalled.now)
    predictions = itertools.chain.from_iterable(_judge(config.exporter, _readings(fetched.watch, batch), recalled) for batch in batches)
    return tuple(_fullest(predictions))


def _of_selftest(world: World, recalled: _Recalled) -> tuple[Prediction, ...]:
    """Forecast and judge the synthetic course, where one is under way."""
    if world.selftest is None:
        return ()
    # It is drawn afresh each time: what was done about an earlier one began no new regime of it.
    unmarked = dataclasses.replace(recalled, marks={})
    return tuple(_judge(world.config.exporter, [world.selftest.reading(world.config.exporter, recalled.now)], unmarked))


def _of_look(world: World, look: Look, recalled: _Recalled) -> Answer:
    """Judge what an observer saw at its last good look; it is asserted for as long as that is believed."""
    rules = world.config.exporter.assertion
    seen = tuple(
        Prediction(reading, words, stand(recalled.standings.get(reading.key, Standing()), reading, words, rules, recalled.now))
        for reading, words in of_look(look, world.config.host, recalled.now)
    )
    return Answer(seen, look.asked_at, look.period_seconds)


def _readings(watch: Watch, batch: Iterable[Observed]) -> list[Reading]:
    read = [(watch.read(observed), observed.interval_seconds) for observed in batch]
    readings = (dataclasses.replace(reading, interval_seconds=interval) for reading, interval in read if reading)
    return of_short_names(watch.name, readings)


def _judge(settings: Exporter, readings: Sequence[Reading], recalled: _Recalled) -> list[Prediction]:
    expected = _forecasts(settings, readings, recalled)
    standings = [
        stand(recalled.standings.get(reading.key, Standing()), reading, each, settings.assertion, recalled.now)
        for reading, each in zip(readings, expected, strict=True)
    ]
    return list(map(Prediction, map(_recent, readings), expected, standings))


def _forecasts(settings: Exporter, readings: Sequence[Reading], recalled: _Recalled) -> list[Forecast]:
    """Forecast every reading that is fresh, in one call; one that is not has its age for a reason."""
    fresh = [reading.age_seconds <= FRESH_SCRAPES * max(settings.scrape_interval, reading.interval_seconds) for reading in readings]
    questions = [_question(settings, reading, recalled) for reading in itertools.compress(readings, fresh)]
    answers = iter(forecast(questions))
    return [next(answers) if is_fresh else _stale(reading) for reading, is_fresh in zip(readings, fresh, strict=True)]


def _question(settings: Exporter, reading: Reading, recalled: _Recalled) -> Question:
    horizons = tuple(sorted({*settings.horizons, reading.action_horizon_seconds}))
    since = recalled.marks.get((reading.key.host, reading.key.target), -math.inf)
    terms = Terms(recalled.now, since, settings.minimum_samples, recalibration=recalled.scores.shift(reading.key.problem), unit=reading.unit)
    return Question(reading.series, reading.limit, horizons, terms)


def _stale(reading: Reading) -> Forecast:
    return Forecast(f"The newest sample is {reading.age_seconds:.0f} s old.", "stale")


def _recent(reading: Reading) -> Reading:
    """Return the reading without the past that nobody asks for once it is forecast: that of 10,000 series fills a host."""
    series = reading.series
    recent = Series(series.timestamps[-RECENT_SAMPLES:], series.values[-RECENT_SAMPLES:].copy())
    return dataclasses.replace(reading, series=recent)


def _fullest(predictions: Iterable[Prediction]) -> Iterable[Prediction]:
    """Of several series under one name, as two processes of one service, keep the one nearest to its limit of those still alive."""
    by_key: dict[Key, Prediction] = {}
    for prediction in predictions:
        other = by_key.setdefault(prediction.reading.key, prediction)
        if _precedence(prediction) > _precedence(other):
            by_key[prediction.reading.key] = prediction
    return by_key.values()


def _each_key_once(found: Mapping[str, tuple[Prediction, ...]]) -> dict[str, tuple[Prediction, ...]]:
    """Of a key that several watches know, as cAdvisor and the process itself, keep what the first of those says that are still alive."""
    by_key: dict[Key, Prediction] = {}
    for prediction in itertools.chain.from_iterable(found.values()):
        other = by_key.setdefault(prediction.reading.key, prediction)
        if other.forecast.reason == "stale" != prediction.forecast.reason:
            by_key[prediction.reading.key] = prediction
    return {name: tuple(each for each in predictions if by_key[each.reading.key] is each) for name, predictions in found.items()}


def _precedence(prediction: Prediction) -> tuple[bool, float]:
    return prediction.forecast.reason != "stale", prediction.reading.usage_ratio


def _hosts(world: World, answers: Mapping[str, Answer]) -> set[str]:
    watched = {entry.reading.key.host for answer in answers.values() for entry in answer.predictions}
    return watched | {world.config.host}
