"""The exporter's pages."""

from __future__ import annotations

import dataclasses
import gzip
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exporter.assertion import stand
from exporter.collector import State, render
from exporter.cycle import Answer, Prediction, Result
from exporter.web import make_app
from forecasting import Curve, Forecast, Limit, Series
from homeostat.config.types import Assertion as Rules
from tests.exporter.fakes import NOW, FakeClock
from tests.exporter.test_collector import ASSERTED, READING, Standing
from tests.exporter.test_load import KNOWN

if TYPE_CHECKING:
    from flask.testing import FlaskClient


def client(*predictions: Prediction) -> FlaskClient:
    clock = FakeClock()
    result = Result({"service-memory": Answer(predictions, clock.monotonic(), 5.0)})
    return make_app(lambda: State(render(result), "own", reloaded=True, reloaded_at=0.0, loads=KNOWN), clock).test_client()


def test_the_forecast_of_one_target_is_json_with_null_for_never() -> None:
    [forecast] = client(ASSERTED).get("/api/v1/forecast?host=box&target=jellyfin").json["forecasts"]
    assert forecast["time_to_limit_seconds"] == {"lower": 100.0, "median": 250.0, "upper": None}
    assert forecast["probabilities"] == {"1m": 0.1, "10m": 0.75}
    assert forecast["curve"]["ahead_seconds"] == [0.0, 600.0]
    assert forecast["explanation"] == "x"
    assert (forecast["problem"], forecast["resource"], forecast["asserted"]) == ("memory_leak", "memory", True)


@pytest.mark.parametrize(
    ("limit", "values", "usage"),
    [
        (Limit(200.0, "up"), (100.0, 110.0, 120.0), (0.5, 0.55, 0.6)),
        (Limit(100.0, "down"), (150.0, 160.0, 170.0), (0.15, 0.2, 0.25)),
    ],
)
def test_a_fan_is_the_curve_as_shares_of_what_the_limit_allows_its_lower_bound_below(limit: Limit, values: tuple[float, ...], usage: tuple[float, ...]) -> None:
    # 100 is half of what is allowed going up; going down from 200, of which 100 are left to use, 100 are all of it.
    series = Series(np.array([NOW]), np.array([100.0 if limit.direction == "up" else 180.0]))
    reading = dataclasses.replace(READING, series=series, limit=limit, usage_ratio=0.5 if limit.direction == "up" else 0.1, usage_per_unit=0.005)
    curve = Curve(np.array([600.0]), *(np.array([value]) for value in values))
    entry = Prediction(reading, dataclasses.replace(ASSERTED.forecast, curve=curve), Standing())
    [forecast] = client(entry).get("/api/v1/forecast?host=box&target=jellyfin").json["forecasts"]
    assert forecast["fan"]["ahead_seconds"] == [600.0]
    assert tuple(forecast["fan"][name][0] for name in ("lower", "median", "upper")) == usage


def test_what_has_no_usage_has_no_fan_and_what_is_no_number_is_null_in_it() -> None:
    asked = "/api/v1/forecast?host=box&target=jellyfin"
    unknown = dataclasses.replace(ASSERTED, reading=dataclasses.replace(READING, usage_ratio=math.nan))
    assert client(unknown).get(asked).json["forecasts"][0]["fan"] is None
    curve = Curve(np.array([0.0]), np.array([1.0]), np.array([2.0]), np.array([math.inf]))
    exploding = dataclasses.replace(ASSERTED, forecast=dataclasses.replace(ASSERTED.forecast, curve=curve))
    assert client(exploding).get(asked).json["forecasts"][0]["fan"]["upper"] == [None]


def test_only_what_can_leak_has_a_leak() -> None:
    asked = "/api/v1/forecast?host=box&target=jellyfin"
    assert client(ASSERTED).get(asked).json["forecasts"][0]["leak"] == {"confidence": 0.9, "slope_per_second": 2.0}
    disk = dataclasses.replace(ASSERTED, reading=dataclasses.replace(READING, leak_rule=None))
    assert client(disk).get(asked).json["forecasts"][0]["leak"] is None


def test_a_target_without_a_forecast_says_why_and_gives_no_number() -> None:
    answer = client(Prediction(READING, Forecast("3 samples, 20 are needed.", "not_enough_data"), Standing()))
    [forecast] = answer.get("/api/v1/forecast?host=box&target=jellyfin").json["forecasts"]
    assert (forecast["reason"], forecast["explanation"]) == ("not_enough_data", "3 samples, 20 are needed.")
    assert set(forecast["time_to_limit_seconds"].values()) == {None}
    assert forecast["probabilities"] == {}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?limit=0", 400),
        ("?limit=many", 400),
        ("?limit=99999", 400),
        ("?host=box&target=/", 404),
        ("?host=other&target=jellyfin", 404),
        ("?host=box&target=%00%0a", 404),
    ],
)
def test_a_question_without_an_answer_says_so(query: str, status: int) -> None:
    answer = client(ASSERTED).get(f"/api/v1/forecast{query}")
    assert answer.status_code == status
    assert answer.json["error"]


def test_metrics_are_served_as_prometheus_expects_them() -> None:
    answer = client(ASSERTED).get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert "Content-Encoding" not in answer.headers
    assert b"homeostat_problem_confidence_ratio{" in answer.data


def lasting(page: bytes) -> list[bytes]:
    # What the process takes is another number a moment later.
    return [line for line in page.splitlines() if b"_process_" not in line]


@pytest.mark.parametrize(("accepted", "packed"), [("gzip", True), ("deflate, gzip;q=0.5", True), ("gzip;q=0", False), ("identity", False), ("", False)])
def test_metrics_are_packed_only_for_who_asks_for_it(accepted: str, packed: bool) -> None:
    asked = client(ASSERTED)
    answer = asked.get("/metrics", headers={"Accept-Encoding": accepted})
    assert (answer.headers.get("Content-Encoding") == "gzip") == packed
    text = gzip.decompress(answer.data) if packed else answer.data
    assert lasting(text) == lasting(asked.get("/metrics").data)


def test_the_quietest_window_of_each_day_is_json() -> None:
    found = client().get("/api/v1/windows?next=172800&service=web&length=3600").json["windows"]
    assert len(found) == 3
    midnight = NOW // 86400 * 86400 + 86400
    assert found[0] == {"host": "box", "target": "web", "timezone": "UTC", "load_ratio": 0.1, "start": midnight, "end": midnight + 3600}
    assert [window["load_ratio"] for window in found] == [0.1, 0.1, 0.3]


def test_windows_are_looked_for_a_week_ahead_and_for_the_services_own_length() -> None:
    found = client().get("/api/v1/windows").json["windows"]
    assert len(found) == 8
    assert {window["end"] - window["start"] for window in found} == {1800}


@pytest.mark.parametrize(
    ("query", "status"),
    [("?service=other", 404), ("?next=0", 400), ("?next=7d", 400), ("?next=nan", 400), ("?next=1e9", 400), ("?length=86401", 400), ("?length=", 400)],
)
def test_a_question_for_windows_without_an_answer_says_so(query: str, status: int) -> None:
    answer = client().get(f"/api/v1/windows{query}")
    assert (answer.status_code, bool(answer.json["error"])) == (status, True)


def forecast_of(*predictions: Prediction, waited: float = 0.0) -> dict[str, Any]:
    clock = FakeClock()
    result = Result({"service-memory": Answer(predictions, clock.monotonic(), 5.0)})
    clock.sleep(waited)
    app = make_app(lambda: State(render(result), "own", reloaded=True, reloaded_at=0.0, loads=KNOWN), clock)
    found: dict[str, Any] = app.test_client().get("/api/v1/forecast?host=box&target=jellyfin").json["forecasts"][0]
    return found


def test_what_is_asserted_says_how_sure_and_how_urgent_it_is_and_what_decided() -> None:
    found = forecast_of(ASSERTED)
    assert (found["assertion"], found["why_not"], found["probability"]) == ({"confidence": 0.75, "severity": "critical"}, None, 0.75)


def test_what_is_not_asserted_says_why_in_the_words_of_who_decided() -> None:
    rules = Rules()
    standing = stand(Standing(), READING, ASSERTED.forecast, rules, NOW)
    found = forecast_of(dataclasses.replace(ASSERTED, standing=standing))
    assert (found["asserted"], found["assertion"], found["why_not"]) == (False, None, standing.why_not)
    assert standing.why_not


def test_an_assertion_that_could_not_be_read_again_says_so() -> None:
    found = forecast_of(ASSERTED, waited=11.0)
    assert (found["asserted"], found["assertion"], found["why_not"]) == (False, None, "it was, but could not be read again for 11 s: does Prometheus answer?")
