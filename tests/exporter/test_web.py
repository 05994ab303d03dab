"""The exporter's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.collector import State
from exporter.cycle import Answer, Prediction, Result
from exporter.web import make_app
from forecasting import Forecast
from tests.exporter.fakes import FakeClock
from tests.exporter.test_collector import ASSERTED, READING, Standing

if TYPE_CHECKING:
    from flask.testing import FlaskClient


def client(*predictions: Prediction) -> FlaskClient:
    clock = FakeClock()
    result = Result({"service-memory": Answer(predictions, clock.monotonic(), 5.0)})
    return make_app(lambda: State(result, "own", reloaded=True, reloaded_at=0.0), clock).test_client()


def test_the_forecast_of_one_target_is_json_with_null_for_never() -> None:
    [forecast] = client(ASSERTED).get("/api/v1/forecast?host=box&target=jellyfin").json["forecasts"]
    assert forecast["time_to_limit_seconds"] == {"lower": 100.0, "median": 250.0, "upper": None}
    assert forecast["probabilities"] == {"1m": 0.1, "10m": 0.75}
    assert forecast["curve"]["ahead_seconds"] == [0.0, 600.0]
    assert forecast["explanation"] == "x"
    assert (forecast["problem"], forecast["resource"], forecast["asserted"]) == ("memory_leak", "memory", True)


def test_a_target_without_a_forecast_says_why_and_gives_no_number() -> None:
    answer = client(Prediction(READING, Forecast("3 samples, 20 are needed.", "not_enough_data"), Standing()))
    [forecast] = answer.get("/api/v1/forecast?host=box&target=jellyfin").json["forecasts"]
    assert (forecast["reason"], forecast["explanation"]) == ("not_enough_data", "3 samples, 20 are needed.")
    assert set(forecast["time_to_limit_seconds"].values()) == {None}
    assert forecast["probabilities"] == {}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?host=box", 400),
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
    assert answer.content_type.startswith("text/plain; version=")
    assert b"homeostat_problem_confidence_ratio{" in answer.data
