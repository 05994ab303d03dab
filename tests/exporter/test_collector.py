"""What stands on /metrics, and what Prometheus' own tool thinks of it."""

from __future__ import annotations

import dataclasses
import math
import subprocess
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from exporter.assertion import Assertion, Standing
from exporter.collector import HELP, ResultCollector, State, span_label
from exporter.cycle import Answer, Prediction, Result
from exporter.model import Key, LeakRule, Reading
from forecasting import Bounds, Curve, Forecast, Leak, Limit, Series
from tests.exporter.fakes import FakeClock

KEY = {"problem": "memory_leak", "host": "box", "target": "jellyfin", "resource": "memory"}
READING = Reading(
    key=Key(**KEY),
    series=Series(np.array([0.0, 1.0]), np.array([400.0, 500.0])),
    limit=Limit(1000.0),
    unit="bytes",
    action_horizon_seconds=600.0,
    usage_ratio=0.5,
    usage_per_unit=0.001,
    age_seconds=2.0,
    leak_rule=LeakRule(1.0, 60.0),
)
FORECAST = Forecast(
    "x",
    since=0.0,
    time_to_limit_seconds=Bounds(100.0, 250.0, math.inf),
    probabilities={60.0: 0.1, 600.0: 0.75},
    slope_per_second=Bounds(1.0, 2.0, 3.0),
    leak=Leak(0.9, 2.0),
    curve=Curve(*np.array([[0.0, 600.0], [500.0, 1100.0], [500.0, 1700.0], [500.0, 2300.0]])),
)
ASSERTED = Prediction(READING, FORECAST, Standing(2, Assertion(0.75, "critical")))


def registry(*predictions: Prediction, **changes: Any) -> tuple[CollectorRegistry, FakeClock]:
    clock = FakeClock()
    answers = {"service-memory": Answer(predictions, clock.monotonic(), period_seconds=5.0)}
    result = dataclasses.replace(
        Result(answers, successes={"box": 1.7e9}, prometheus_up=True, duration_seconds=0.25), **changes
    )
    private = CollectorRegistry()
    private.register(ResultCollector(lambda: State(result, "own", reloaded=True, reloaded_at=1.6e9), clock))
    return private, clock


def value(private: CollectorRegistry, name: str, **labels: str) -> float | None:
    return private.get_sample_value(f"homeostat_{name}", labels)


def test_an_asserted_problem_has_every_metric_with_its_labels() -> None:
    private, _ = registry(ASSERTED)
    for bound, seconds, slope in (("lower", 100.0, 1.0), ("median", 250.0, 2.0), ("upper", math.inf, 3.0)):
        assert value(private, "time_to_limit_seconds", bound=bound, **KEY) == seconds
        assert value(private, "growth_bytes_per_second", bound=bound, **KEY) == slope
        assert value(private, "usage_growth_ratio_per_second", bound=bound, **KEY) == pytest.approx(slope / 1000)
    assert value(private, "limit_probability_ratio", horizon="10m", **KEY) == 0.75
    assert value(private, "usage_ratio", **KEY) == 0.5
    assert value(private, "series_age_seconds", **KEY) == 2.0
    assert value(private, "memory_leak_bytes_per_second", **KEY) == 2.0
    assert value(private, "memory_leak_confidence_ratio", **KEY) == 0.9
    assert value(private, "problem_confidence_ratio", **KEY) == 0.75
    assert value(private, "problem_severity", severity="critical", **KEY) == 1
    assert value(private, "forecast_usage_ratio", bound="lower", ahead="0s", **KEY) == 0.5
    assert value(private, "forecast_usage_ratio", bound="upper", ahead="10m", **KEY) == pytest.approx(2.3)


def test_the_fan_of_a_falling_series_rises_in_usage() -> None:
    falling = dataclasses.replace(
        FORECAST, curve=Curve(*np.array([[0.0, 600.0], [450.0, 100.0], [500.0, 200.0], [550.0, 300.0]]))
    )
    reading = dataclasses.replace(READING, limit=Limit(0.0, "down"))
    private, _ = registry(Prediction(reading, falling, ASSERTED.standing))
    usage = [
        value(private, "forecast_usage_ratio", bound=bound, ahead="10m", **KEY)
        for bound in ("lower", "median", "upper")
    ]
    assert usage == pytest.approx([0.7, 0.8, 0.9])


def test_what_is_not_asserted_has_its_forecast_only() -> None:
    private, _ = registry(Prediction(READING, FORECAST, Standing(1)))
    assert value(private, "limit_probability_ratio", horizon="1m", **KEY) == 0.1
    text = generate_latest(private).decode()
    for name in ("problem_confidence_ratio", "problem_severity", "forecast_usage_ratio"):
        assert name not in text


def test_without_a_forecast_the_reason_stands_in_its_place() -> None:
    private, _ = registry(Prediction(READING, Forecast("too few", "not_enough_data"), Standing()))
    assert value(private, "forecast_unavailable", reason="not_enough_data", **KEY) == 1
    assert value(private, "usage_ratio", **KEY) == 0.5
    assert "time_to_limit" not in generate_latest(private).decode()


def test_unknown_usage_is_left_out() -> None:
    reading = dataclasses.replace(READING, usage_ratio=math.nan, usage_per_unit=math.nan, leak_rule=None, unit="count")
    private, _ = registry(Prediction(reading, FORECAST, ASSERTED.standing))
    text = generate_latest(private).decode()
    assert value(private, "problem_confidence_ratio", **KEY) == 0.75
    assert "NaN" not in text
    assert "usage" not in text
    assert "leak_" not in text.replace("memory_leak", "")


def test_ages_grow_at_the_scrape_and_assertions_end_there() -> None:
    private, clock = registry(ASSERTED)
    clock.sleep(9)
    assert value(private, "series_age_seconds", **KEY) == 11.0
    assert value(private, "problem_confidence_ratio", **KEY) == 0.75
    clock.sleep(2)
    assert value(private, "problem_confidence_ratio", **KEY) is None
    assert value(private, "usage_ratio", **KEY) == 0.5
    clock.sleep(40)
    assert value(private, "usage_ratio", **KEY) is None


def test_the_exporter_tells_of_itself() -> None:
    private, _ = registry(ASSERTED, errors={"recall": 1, "read": 2, "cycle": 0})
    assert value(private, "exporter_last_success_timestamp_seconds", host="box") == 1.7e9
    assert value(private, "exporter_errors_total", host="own", stage="read") == 2
    assert value(private, "exporter_series", host="own") == 1
    assert value(private, "exporter_cycle_duration_seconds", host="own") == 0.25
    assert value(private, "prometheus_up", host="own") == 1
    assert value(private, "config_last_reload_successful", host="own", daemon="exporter") == 1
    assert value(private, "config_last_reload_success_timestamp_seconds", host="own", daemon="exporter") == 1.6e9
    assert "_created" not in generate_latest(private).decode()


def test_promtool_accepts_all_of_it_and_every_metric_is_there() -> None:
    unavailable = dataclasses.replace(READING, key=Key("disk_exhaustion", "box", 'a"b\\c\nd', "filesystem"))
    private, _ = registry(ASSERTED, Prediction(unavailable, Forecast("x", "flat"), Standing()))
    text = generate_latest(private)
    for name in HELP:
        assert f"# HELP homeostat_{name} ".encode() in text
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("seconds", "label"),
    [
        (0, "0s"),
        (60, "1m"),
        (600, "10m"),
        (90, "90s"),
        (86400, "24h"),
        (172800, "48h"),
        (604800, "7d"),
        (2592000, "30d"),
        (0.5, "0.5s"),
    ],
)
def test_horizons_are_labelled_as_people_write_them(seconds: float, label: str) -> None:
    assert span_label(seconds) == label
