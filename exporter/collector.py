"""Writes SPEC 3.3's metrics as text: each cycle's result once, in the background; ages and what still stands at the scrape."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from exporter import accuracy, correlating, scores, sights
from exporter.load import Loads, samples
from exporter.scores import Scores
from exporter.textformat import head, labels_text, line
from forecasting import Bounds
from homeostat import __version__
from homeostat.process_metrics import process_metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from exporter.correlating import Correlated
    from exporter.cycle import Answer, Prediction, Result
    from exporter.model import Key, Reading
    from exporter.observation import Look, Observer
    from forecasting import Forecast

    # A metric's name without its prefix, the labels beside the target's as text, and the value.
    _Sample = tuple[str, str, float]

DAEMON = "exporter"
# So many targets are written into one piece of text: the page is large, and is never held twice.
_TARGETS_A_PIECE = 500
HELP = {
    "time_to_limit_seconds": "Time until the target reaches its limit, +Inf for never; bounds of the 90 % interval.",
    "limit_probability_ratio": "Probability that the target reaches its limit within the horizon.",
    "usage_ratio": "How much of what the limit allows is used; 1 is at the limit.",
    "usage_growth_ratio_per_second": "Growth of the usage ratio per second; bounds of the 90 % interval.",
    "growth_bytes_per_second": "Growth towards the limit in bytes per second; bounds of the 90 % interval.",
    "memory_leak_bytes_per_second": "Growth of a service's memory per second.",
    "memory_leak_confidence_ratio": "How sure it is that a service's memory grows without end.",
    "forecast_usage_ratio": "Usage ratio expected some time ahead, for asserted problems; bounds of the 90 % interval.",
    "problem_confidence_ratio": "How sure it is that the problem exists; present only while it is asserted.",
    "problem_severity": "A constant 1, labelled with the severity of an asserted problem.",
    "forecast_unavailable": "A constant 1, labelled with the reason why there is no forecast.",
    "series_age_seconds": "Age of the newest sample that the target's readings rest on.",
    "expected_load_ratio": "Expected load of a service in an hour of the week; 1 is its busiest hour.",
    "quiet_window_start_timestamp_seconds": "When a service is next quiet for as long as is needed, inside the maintenance windows.",
    "exporter_last_success_timestamp_seconds": "When everything was last read, for each watched host.",
    "exporter_cycle_duration_seconds": "How long the last cycle took.",
    "exporter_stage_duration_seconds": "How long each stage of the last cycle took: fetch, forecast, score, expose.",
    "exporter_series": "Series that are forecast and served now.",
    "exporter_errors_total": "Faults by stage: recall (marks and former assertions), read (a target), score (kept forecasts), cycle (a fault of our own).",
    "prometheus_up": "Whether Prometheus answered in the last cycle.",
    "exporter_build_info": "A constant 1, labelled with the version.",
    "config_last_reload_successful": "Whether the configuration was accepted when it was last read.",
    "config_last_reload_success_timestamp_seconds": "When the configuration in use was read.",
    **correlating.HELP,
    **accuracy.HELP,
    **scores.HELP,
}
_SPANS = (("d", 86400, 3), ("h", 3600, 1), ("m", 60, 1), ("s", 1, 0))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Section:
    """What one answer has to say, as text by metric: while it stands, while it asserts, and each target's age when asked."""

    answer: Answer
    standing: Mapping[str, list[bytes]]
    asserting: Mapping[str, list[bytes]]
    ages: list[tuple[str, float]]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A cycle's result, written down."""

    result: Result
    sections: tuple[Section, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class State:
    """What is served at a scrape: the last result, the exporter's own host, how the last reload went, and what its observers saw."""

    page: Page
    host: str
    reloaded: bool
    reloaded_at: float
    loads: Loads = dataclasses.field(default_factory=Loads)
    scores: Scores = dataclasses.field(default_factory=Scores)
    looks: Mapping[str, Look] = dataclasses.field(default_factory=dict)
    observers: Mapping[str, Observer] = dataclasses.field(default_factory=dict)
    correlations: Mapping[str, Correlated] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A prediction at the time of the scrape: `waited_seconds` older than when it was made."""

    prediction: Prediction
    asserted: bool
    waited_seconds: float


def served(result: Result, monotonic_now: float) -> list[Served]:
    """Return what of `result` may still be served, one prediction for each key: that of the first watch."""
    by_key: dict[Key, Served] = {}
    for answer in result.answers.values():
        if answer.stands(monotonic_now):
            asserts, waited = answer.asserts(monotonic_now), monotonic_now - answer.asked_at
            for prediction in answer.predictions:
                asserted = asserts and prediction.standing.assertion is not None
                by_key.setdefault(prediction.reading.key, Served(prediction, asserted, waited))
    return list(by_key.values())


def span_label(seconds: float) -> str:
    """Write a horizon as SPEC 3.3 labels it: `10m`, `24h`, `48h`, `7d`."""
    for letter, length, least in _SPANS:
        if seconds % length == 0 and seconds >= least * length:
            return f"{seconds / length:.0f}{letter}"
    return f"{seconds:g}s"


def render(result: Result) -> Page:
    """Write down all that will be the same at every scrape until the next cycle; each key once, for the first watch."""
    written: set[Key] = set()
    sections = []
    for answer in result.answers.values():
        new = [prediction for prediction in answer.predictions if prediction.reading.key not in written]
        written.update(prediction.reading.key for prediction in new)
        sections.append(_section(answer, new))
    return Page(result, tuple(sections))


def exposition(state: State, monotonic_now: float) -> list[bytes]:
    """Return the text of all metrics that have a sample now, in pieces that follow one another."""
    standing = [section for section in state.page.sections if section.answer.stands(monotonic_now)]
    texts: dict[str, list[bytes]] = {name: [] for name in HELP}
    _add(texts, _lines("", _own(state, sum(len(section.ages) for section in standing))))
    for section in standing:
        asserting = section.asserting if section.answer.asserts(monotonic_now) else {}
        for name, pieces in (*section.standing.items(), *asserting.items()):
            texts[name] += pieces
        texts["series_age_seconds"].append(_ages(section, monotonic_now))
    heads = {name: head(f"homeostat_{name}", text).encode() for name, text in HELP.items()}
    own = [piece for name, pieces in texts.items() if any(pieces) for piece in (heads[name], *pieces)]
    return [*own, _process(state.host), *sights.exposition(state.looks, state.observers, state.host, monotonic_now)]


def _process(host: str) -> bytes:
    families = process_metrics(DAEMON, host)
    lines = [head(one.name, family.documentation) + line(one.name, labels_text(**one.labels), one.value) for family in families for one in family.samples]
    return "".join(lines).encode()


def _section(answer: Answer, predictions: Sequence[Prediction]) -> Section:
    standing: dict[str, list[bytes]] = {}
    asserting: dict[str, list[bytes]] = {}
    ages = []
    for first in range(0, len(predictions), _TARGETS_A_PIECE):
        lines: dict[str, list[str]] = {}
        asserted: dict[str, list[str]] = {}
        for prediction in predictions[first : first + _TARGETS_A_PIECE]:
            reading = prediction.reading
            key = _key_text(reading.key)
            ages.append((f"homeostat_series_age_seconds{{{key}}} ", reading.age_seconds))
            _lines(key, _of_target(prediction), lines)
            if prediction.standing.assertion:
                _lines(key, _of_problem(prediction), asserted)
        _add(standing, lines)
        _add(asserting, asserted)
    return Section(answer, standing, asserting, ages)


def _add(texts: dict[str, list[bytes]], lines: Mapping[str, list[str]]) -> None:
    for name, found in lines.items():
        texts.setdefault(name, []).append("".join(found).encode())


def _ages(section: Section, monotonic_now: float) -> bytes:
    waited = monotonic_now - section.answer.asked_at
    return "".join([f"{prefix}{age + waited}\n" for prefix, age in section.ages]).encode()


def _lines(key: str, samples: Iterable[_Sample], into: dict[str, list[str]] | None = None) -> dict[str, list[str]]:
    """Write samples of one key as lines by metric, after those that are there already."""
    by_name = {} if into is None else into
    for name, labels, value in samples:
        both = f"{key},{labels}" if key and labels else key or labels
        by_name.setdefault(name, []).append(line(f"homeostat_{name}", both, value))
    return by_name


def _key_text(key: Key) -> str:
    return labels_text(host=key.host, problem=key.problem, resource=key.resource, target=key.target)


def _own(state: State, series: int) -> Iterator[_Sample]:
    result, own = state.page.result, labels_text(host=state.host)
    daemon = labels_text(daemon=DAEMON, host=state.host)
    yield "exporter_build_info", labels_text(host=state.host, version=__version__), 1
    yield "prometheus_up", own, float(result.prometheus_up)
    yield "exporter_series", own, series
    yield "config_last_reload_successful", daemon, float(state.reloaded)
    yield "config_last_reload_success_timestamp_seconds", daemon, state.reloaded_at
    for stage, count in result.errors.items():
        yield "exporter_errors_total", labels_text(host=state.host, stage=stage), count
    for name, labels, value in (*samples(state.loads), *scores.samples(state.scores)):
        yield name, labels_text(**labels), value
    for target, correlated in state.correlations.items():
        yield "deployment_correlation_ratio", labels_text(host=state.host, target=target), correlated.ratio
    for name, seconds in result.stage_seconds.items():
        yield "exporter_stage_duration_seconds", labels_text(host=state.host, stage=name), seconds
    for host, timestamp in result.successes.items():
        yield "exporter_last_success_timestamp_seconds", labels_text(host=host), timestamp
    for name, labels, value in accuracy.samples(result.scores, span_label):
        yield name, labels_text(host=state.host, **labels), value
    if not math.isnan(result.duration_seconds):
        yield "exporter_cycle_duration_seconds", own, result.duration_seconds


def _of_target(prediction: Prediction) -> Iterator[_Sample]:
    reading, expected = prediction.reading, prediction.forecast
    if not math.isnan(reading.usage_ratio):
        yield "usage_ratio", "", reading.usage_ratio
    if expected.reason:
        if reading.observed is None:
            yield "forecast_unavailable", f'reason="{expected.reason}"', 1
        return
    yield from _bounds("time_to_limit_seconds", expected.time_to_limit_seconds)
    for horizon, probability in expected.probabilities.items():
        yield "limit_probability_ratio", f'horizon="{span_label(horizon)}"', probability
    yield from _growth(reading, expected)


def _growth(reading: Reading, expected: Forecast) -> Iterator[_Sample]:
    slope = expected.slope_per_second
    if not math.isnan(reading.usage_per_unit):
        yield from _bounds("usage_growth_ratio_per_second", slope, reading.usage_per_unit)
    if reading.unit == "bytes":
        yield from _bounds("growth_bytes_per_second", slope)
    if reading.leak_rule:
        yield "memory_leak_bytes_per_second", "", expected.leak.slope_per_second
        yield "memory_leak_confidence_ratio", "", expected.leak.confidence


def _of_problem(prediction: Prediction) -> Iterator[_Sample]:
    assertion = prediction.standing.assertion
    assert assertion is not None
    yield "problem_confidence_ratio", "", assertion.confidence
    yield "problem_severity", f'severity="{assertion.severity}"', 1
    if prediction.forecast.reason or math.isnan(prediction.reading.usage_ratio):
        return
    for ahead_seconds in (0.0, *prediction.forecast.probabilities):
        ahead = f'ahead="{span_label(ahead_seconds)}",'
        yield from _bounds("forecast_usage_ratio", _usage_ahead(prediction, ahead_seconds), labels=ahead)


def _usage_ahead(prediction: Prediction, ahead_seconds: float) -> Bounds:
    """Usage expected `ahead_seconds` from now: that of the curve at that time."""
    curve = prediction.forecast.curve
    edges = [np.interp(ahead_seconds, curve.ahead_seconds, edge) for edge in (curve.lower, curve.median, curve.upper)]
    return Bounds(*sorted(prediction.reading.usage_at(float(edge)) for edge in edges))


def _bounds(name: str, bounds: Bounds, factor: float = 1.0, labels: str = "") -> Iterator[_Sample]:
    yield name, f'{labels}bound="lower"', factor * bounds.lower
    yield name, f'{labels}bound="median"', factor * bounds.median
    yield name, f'{labels}bound="upper"', factor * bounds.upper
