"""What stands on /metrics, and what Prometheus' own tool thinks of it."""

from __future__ import annotations

import dataclasses
import math
import subprocess
from typing import Any

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.assertion import Assertion, Standing
from exporter.collector import HELP, State, exposition, render, served, span_label
from exporter.correlating import Correlated
from exporter.cycle import Answer, Prediction, Result
from exporter.model import Key, LeakRule, Observed, Reading
from exporter.readings import falling_to_limit
from exporter.scores import Scores
from forecasting import Bounds, Curve, Forecast, Leak, Limit, Series
from tests.exporter.fakes import FakeClock
from tests.exporter.test_accuracy import REPORT
from tests.exporter.test_load import KNOWN, MONDAY

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
SCORES = Scores({"box": {"disk_exhaustion": 15.0}}, {"box": {"closed": 7.5, "checks": 30.0}})
ASSERTED = Prediction(READING, FORECAST, Standing(2, Assertion(0.75, "critical")))


class Scrape:
    """The exporter's metrics for some predictions of one watch, at a clock that jumps."""

    def __init__(self, *predictions: Prediction, **changes: Any) -> None:
        self.clock = FakeClock()
        answers = {"service-memory": Answer(predictions, self.clock.monotonic(), period_seconds=5.0)}
        result = Result(answers, successes={"box": 1.7e9}, prometheus_up=True, duration_seconds=0.25, stage_seconds={"fetch": 0.125})
        self.state = State(render(dataclasses.replace(result, **changes)), "own", reloaded=True, reloaded_at=1.6e9)

    @property
    def text(self) -> str:
        return b"".join(exposition(self.state, self.clock.monotonic())).decode()

    def value(self, name: str, **labels: str) -> float | None:
        samples = (sample for family in text_string_to_metric_families(self.text) for sample in family.samples)
        found = [sample.value for sample in samples if (sample.name, sample.labels) == (f"homeostat_{name}", labels)]
        assert len(found) < 2, f"{name} {labels} stands there twice"
        return found[0] if found else None


def test_an_asserted_problem_has_every_metric_with_its_labels() -> None:
    scrape = Scrape(ASSERTED)
    for bound, seconds, slope in (("lower", 100.0, 1.0), ("median", 250.0, 2.0), ("upper", math.inf, 3.0)):
        assert scrape.value("time_to_limit_seconds", bound=bound, **KEY) == seconds
        assert scrape.value("growth_bytes_per_second", bound=bound, **KEY) == slope
        assert scrape.value("usage_growth_ratio_per_second", bound=bound, **KEY) == pytest.approx(slope / 1000)
    assert scrape.value("limit_probability_ratio", horizon="10m", **KEY) == 0.75
    assert scrape.value("usage_ratio", **KEY) == 0.5
    assert scrape.value("series_age_seconds", **KEY) == 2.0
    assert scrape.value("memory_leak_bytes_per_second", **KEY) == 2.0
    assert scrape.value("memory_leak_confidence_ratio", **KEY) == 0.9
    assert scrape.value("problem_confidence_ratio", **KEY) == 0.75
    assert scrape.value("problem_severity", severity="critical", **KEY) == 1
    assert scrape.value("forecast_usage_ratio", bound="lower", ahead="0s", **KEY) == 0.5
    assert scrape.value("forecast_usage_ratio", bound="upper", ahead="10m", **KEY) == pytest.approx(2.3)


def test_the_fan_of_a_falling_series_rises_in_usage() -> None:
    falling = dataclasses.replace(
        FORECAST, curve=Curve(*np.array([[0.0, 600.0], [450.0, 100.0], [500.0, 200.0], [550.0, 300.0]]))
    )
    reading = dataclasses.replace(READING, limit=Limit(0.0, "down"))
    scrape = Scrape(Prediction(reading, falling, ASSERTED.standing))
    usage = [
        scrape.value("forecast_usage_ratio", bound=bound, ahead="10m", **KEY)
        for bound in ("lower", "median", "upper")
    ]
    assert usage == pytest.approx([0.7, 0.8, 0.9])


def test_what_is_not_asserted_has_its_forecast_only() -> None:
    scrape = Scrape(Prediction(READING, FORECAST, Standing(1)))
    assert scrape.value("limit_probability_ratio", horizon="1m", **KEY) == 0.1
    text = scrape.text
    for name in ("problem_confidence_ratio", "problem_severity", "forecast_usage_ratio"):
        assert name not in text


def test_the_usage_expected_of_what_falls_to_a_limit_is_one_where_its_curve_meets_the_limit() -> None:
    series = Series(np.array([0.0, 1.0]), np.array([31.0, 30.0]))
    reading = falling_to_limit(Observed({}, series, 2.0), READING.key, "count", 10.0, 600.0)
    curve = Curve(*np.array([[0.0, 600.0], [30.0, 5.0], [30.0, 10.0], [30.0, 20.0]]))
    scrape = Scrape(Prediction(reading, dataclasses.replace(FORECAST, curve=curve), ASSERTED.standing))
    ahead = [scrape.value("forecast_usage_ratio", bound=bound, ahead="10m", **KEY) for bound in ("lower", "median", "upper")]
    assert ahead == pytest.approx([0.5, 1.0, 1.5])
    assert scrape.value("forecast_usage_ratio", bound="median", ahead="0s", **KEY) == pytest.approx(reading.usage_ratio)


def test_what_is_past_its_limit_is_a_problem_without_a_forecast() -> None:
    scrape = Scrape(Prediction(READING, Forecast("all the same", "flat"), ASSERTED.standing))
    assert scrape.value("problem_confidence_ratio", **KEY) == 0.75
    assert scrape.value("forecast_unavailable", reason="flat", **KEY) == 1
    assert "forecast_usage_ratio" not in scrape.text


def test_an_observed_problem_misses_no_forecast() -> None:
    reading = dataclasses.replace(READING, observed=Assertion(0.9, "warning"), usage_ratio=math.nan)
    scrape = Scrape(Prediction(reading, Forecast("no limit", "out_of_domain"), Standing(2, reading.observed)))
    assert scrape.value("problem_severity", severity="warning", **KEY) == 1
    assert "forecast_unavailable" not in scrape.text


def test_of_two_watches_that_read_one_key_the_first_counts() -> None:
    scrape = Scrape(ASSERTED)
    other = Prediction(dataclasses.replace(READING, usage_ratio=0.9), FORECAST, Standing())
    answers = {**scrape.state.page.result.answers, "other": Answer((other,), scrape.clock.monotonic(), 5.0)}
    result = dataclasses.replace(scrape.state.page.result, answers=answers)
    scrape.state = dataclasses.replace(scrape.state, page=render(result))
    assert scrape.value("usage_ratio", **KEY) == 0.5
    assert scrape.value("exporter_series", host="own") == 1
    assert [entry.prediction for entry in served(result, scrape.clock.monotonic())] == [ASSERTED]


def test_without_a_forecast_the_reason_stands_in_its_place() -> None:
    scrape = Scrape(Prediction(READING, Forecast("too few", "not_enough_data"), Standing()))
    assert scrape.value("forecast_unavailable", reason="not_enough_data", **KEY) == 1
    assert scrape.value("usage_ratio", **KEY) == 0.5
    assert "time_to_limit" not in scrape.text


def test_unknown_usage_is_left_out() -> None:
    reading = dataclasses.replace(READING, usage_ratio=math.nan, usage_per_unit=math.nan, leak_rule=None, unit="count")
    scrape = Scrape(Prediction(reading, FORECAST, ASSERTED.standing))
    text = scrape.text
    assert scrape.value("problem_confidence_ratio", **KEY) == 0.75
    assert "NaN" not in text
    assert "usage" not in text
    assert "leak_" not in text.replace("memory_leak", "")


def test_ages_grow_at_the_scrape_and_assertions_end_there() -> None:
    scrape = Scrape(ASSERTED)
    scrape.clock.sleep(9)
    assert scrape.value("series_age_seconds", **KEY) == 11.0
    assert scrape.value("problem_confidence_ratio", **KEY) == 0.75
    scrape.clock.sleep(2)
    assert scrape.value("problem_confidence_ratio", **KEY) is None
    assert scrape.value("usage_ratio", **KEY) == 0.5
    scrape.clock.sleep(40)
    assert scrape.value("usage_ratio", **KEY) is None


def test_the_exporter_tells_of_itself() -> None:
    scrape = Scrape(ASSERTED, errors={"recall": 1, "read": 2, "cycle": 0})
    assert scrape.value("exporter_last_success_timestamp_seconds", host="box") == 1.7e9
    assert scrape.value("exporter_errors_total", host="own", stage="read") == 2
    assert scrape.value("exporter_series", host="own") == 1
    assert scrape.value("exporter_cycle_duration_seconds", host="own") == 0.25
    assert scrape.value("exporter_stage_duration_seconds", host="own", stage="fetch") == 0.125
    assert scrape.value("prometheus_up", host="own") == 1
    assert scrape.value("config_last_reload_successful", host="own", daemon="exporter") == 1
    assert scrape.value("config_last_reload_success_timestamp_seconds", host="own", daemon="exporter") == 1.6e9
    assert "_created" not in scrape.text


def test_how_good_the_forecasts_were_bears_the_exporter_s_own_host() -> None:
    scrape = Scrape(scores=REPORT)
    assert scrape.value("forecast_brier_score", host="own", horizon="24h") == 0.05
    assert scrape.value("forecast_void_total", host="own", reason="acted") == 3
    assert scrape.value("forecast_recalibration_logit", host="own", problem="memory_leak") == -0.12


def test_the_load_of_a_service_is_served_hour_by_hour_with_its_next_quiet_window() -> None:
    scrape = Scrape()
    scrape.state = dataclasses.replace(scrape.state, loads=KNOWN)
    assert scrape.value("expected_load_ratio", host="box", target="web", hour="Sun 05") == 0.1
    assert scrape.value("expected_load_ratio", host="box", target="web", hour="Sun 06") == 0.9
    assert scrape.value("quiet_window_start_timestamp_seconds", host="box", target="web") == MONDAY


def test_scores_are_served_with_what_they_are_made_of() -> None:
    scrape = Scrape(ASSERTED)
    scrape.state = dataclasses.replace(scrape.state, scores=SCORES)
    assert scrape.value("health_score", host="box") == 85
    assert scrape.value("health_penalty", host="box", reason="disk_exhaustion") == 15
    assert scrape.value("autonomy_score", host="box") == 37.5
    assert scrape.value("autonomy_part", host="box", part="closed") == 7.5


def test_promtool_accepts_all_of_it_and_every_metric_is_there() -> None:
    unavailable = dataclasses.replace(READING, key=Key("disk_exhaustion", "box", 'a"b\\c\nd', "filesystem"))
    scrape = Scrape(ASSERTED, Prediction(unavailable, Forecast("x", "flat"), Standing()), scores=REPORT)
    scrape.state = dataclasses.replace(scrape.state, loads=KNOWN, scores=SCORES, correlations={"web": Correlated(0.9, 0.0)})
    text = scrape.text.encode()
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
