"""Exposes the last finished result: SPEC 3.3's metrics by one custom collector, with ages counted at the scrape."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client import Metric
from prometheus_client.registry import Collector

from forecasting import Bounds
from homeostat import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from exporter.cycle import Prediction, Result
    from exporter.model import Reading
    from forecasting import Forecast
    from homeostat.clock import Clock

    _Sample = tuple[str, dict[str, str], float]

DAEMON = "exporter"
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
    "exporter_last_success_timestamp_seconds": "When everything was last read, for each watched host.",
    "exporter_cycle_duration_seconds": "How long the last cycle took.",
    "exporter_series": "Series that are forecast and served now.",
    "exporter_errors_total": "Faults by stage: recall (marks and former assertions), read (a target), cycle (a fault of our own).",
    "prometheus_up": "Whether Prometheus answered in the last cycle.",
    "exporter_build_info": "A constant 1, labelled with the version.",
    "config_last_reload_successful": "Whether the configuration was accepted when it was last read.",
    "config_last_reload_success_timestamp_seconds": "When the configuration in use was read.",
}
_SPANS = (("d", 86400, 3), ("h", 3600, 1), ("m", 60, 1), ("s", 1, 0))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class State:
    """What the collector reads at a scrape: the last result, the exporter's own host, and how the last reload went."""

    result: Result
    host: str
    reloaded: bool
    reloaded_at: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A prediction at the time of the scrape: `waited_seconds` older than when it was made."""

    prediction: Prediction
    asserted: bool
    waited_seconds: float


def served(result: Result, monotonic_now: float) -> list[Served]:
    """Return what of `result` may still be served, one prediction for each key."""
    by_key = {
        prediction.reading.key: Served(
            prediction,
            prediction.standing.assertion is not None and answer.asserts(monotonic_now),
            monotonic_now - answer.asked_at,
        )
        for answer in result.answers.values()
        if answer.stands(monotonic_now)
        for prediction in answer.predictions
    }
    return list(by_key.values())


def span_label(seconds: float) -> str:
    """Write a horizon as SPEC 3.3 labels it: `10m`, `24h`, `48h`, `7d`."""
    for letter, length, least in _SPANS:
        if seconds % length == 0 and seconds >= least * length:
            return f"{seconds / length:.0f}{letter}"
    return f"{seconds:g}s"


class ResultCollector(Collector):
    """Turns the state of the moment into metrics, at each scrape."""

    def __init__(self, state: Callable[[], State], clock: Clock) -> None:
        """Ask `state` and `clock` anew at every scrape."""
        self._state = state
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Describe nothing, so that registering does not collect."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric that has a sample now."""
        families = {name: _family(name, text) for name, text in HELP.items()}
        for name, labels, value in _samples(self._state(), self._clock.monotonic()):
            families[name].add_sample(f"homeostat_{name}", labels, value)
        yield from (family for family in families.values() if family.samples)


def _family(name: str, text: str) -> Metric:
    counter = name.endswith("_total")
    return Metric(f"homeostat_{name.removesuffix('_total')}", text, "counter" if counter else "gauge")


def _samples(state: State, monotonic_now: float) -> Iterator[_Sample]:
    predictions = served(state.result, monotonic_now)
    yield from _own(state, len(predictions))
    for entry in predictions:
        key = dataclasses.asdict(entry.prediction.reading.key)
        for name, labels, value in _of_target(entry):
            yield name, {**key, **labels}, value


def _own(state: State, series: int) -> Iterator[_Sample]:
    result, own = state.result, {"host": state.host}
    yield "exporter_build_info", {**own, "version": __version__}, 1
    yield "prometheus_up", own, float(result.prometheus_up)
    yield "exporter_series", own, series
    yield "config_last_reload_successful", {**own, "daemon": DAEMON}, float(state.reloaded)
    yield "config_last_reload_success_timestamp_seconds", {**own, "daemon": DAEMON}, state.reloaded_at
    for stage, count in result.errors.items():
        yield "exporter_errors_total", {**own, "stage": stage}, count
    for host, timestamp in result.successes.items():
        yield "exporter_last_success_timestamp_seconds", {"host": host}, timestamp
    if not math.isnan(result.duration_seconds):
        yield "exporter_cycle_duration_seconds", own, result.duration_seconds


def _of_target(entry: Served) -> Iterator[_Sample]:
    reading, expected = entry.prediction.reading, entry.prediction.forecast
    yield "series_age_seconds", {}, reading.age_seconds + entry.waited_seconds
    if not math.isnan(reading.usage_ratio):
        yield "usage_ratio", {}, reading.usage_ratio
    if expected.reason:
        yield "forecast_unavailable", {"reason": expected.reason}, 1
        return
    yield from _bounds("time_to_limit_seconds", expected.time_to_limit_seconds)
    for horizon, probability in expected.probabilities.items():
        yield "limit_probability_ratio", {"horizon": span_label(horizon)}, probability
    yield from _growth(reading, expected)
    if entry.asserted:
        yield from _of_problem(entry.prediction)


def _growth(reading: Reading, expected: Forecast) -> Iterator[_Sample]:
    slope = expected.slope_per_second
    if not math.isnan(reading.usage_per_unit):
        yield from _bounds("usage_growth_ratio_per_second", slope, reading.usage_per_unit)
    if reading.unit == "bytes":
        yield from _bounds("growth_bytes_per_second", slope)
    if reading.leak_rule:
        yield "memory_leak_bytes_per_second", {}, expected.leak.slope_per_second
        yield "memory_leak_confidence_ratio", {}, expected.leak.confidence


def _of_problem(prediction: Prediction) -> Iterator[_Sample]:
    assertion = prediction.standing.assertion
    assert assertion is not None
    yield "problem_confidence_ratio", {}, assertion.confidence
    yield "problem_severity", {"severity": assertion.severity}, 1
    if not math.isnan(prediction.reading.usage_ratio):
        for ahead_seconds in (0.0, *prediction.forecast.probabilities):
            usage = _usage_ahead(prediction, ahead_seconds)
            for name, labels, value in _bounds("forecast_usage_ratio", usage):
                yield name, {**labels, "ahead": span_label(ahead_seconds)}, value


def _usage_ahead(prediction: Prediction, ahead_seconds: float) -> Bounds:
    """Usage expected `ahead_seconds` from now: the curve at that time, by the reading's usage per unit."""
    reading, curve = prediction.reading, prediction.forecast.curve
    towards = 1.0 if reading.limit.direction == "up" else -1.0
    edges = [np.interp(ahead_seconds, curve.ahead_seconds, edge) for edge in (curve.lower, curve.median, curve.upper)]
    more = towards * reading.usage_per_unit * (np.array(edges) - reading.series.values[-1])
    return Bounds(*sorted((reading.usage_ratio + more).tolist()))


def _bounds(name: str, bounds: Bounds, factor: float = 1.0) -> Iterator[_Sample]:
    for bound in ("lower", "median", "upper"):
        yield name, {"bound": bound}, factor * getattr(bounds, bound)
