"""Which forecasts the API lists, in which order, and what it says to a name that nobody has."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from exporter.assertion import Assertion, Standing
from exporter.collector import Served, State, render
from exporter.cycle import Answer, Prediction, Result
from exporter.listing import soonest, unknown
from exporter.model import Key
from exporter.web import make_app
from forecasting import Bounds, Forecast
from tests.exporter.fakes import FakeClock
from tests.exporter.test_accuracy import REPORT
from tests.exporter.test_collector import FORECAST, READING


def served(target: str, host: str = "box", median: float | None = 100.0, usage: float = 0.5, **changes: Any) -> Served:
    key = Key("disk_exhaustion", host, target, "filesystem")
    reading = dataclasses.replace(READING, key=key, usage_ratio=usage, **changes)
    forecast = Forecast("x", "stale") if median is None else dataclasses.replace(FORECAST, time_to_limit_seconds=Bounds(1.0, median, math.inf))
    return Served(Prediction(reading, forecast, Standing()), asserted=False, waited_seconds=0.0)


def names(entries: list[Served]) -> list[str]:
    return [entry.prediction.reading.key.target for entry in entries]


def test_the_soonest_comes_first_then_the_fullest_and_at_last_what_has_no_forecast() -> None:
    entries = [
        served("never", median=math.inf, usage=0.2),
        served("unknown", median=None),
        served("nearly full, for ever", median=math.inf, usage=0.9),
        served("later", median=200.0),
        served("soon", median=50.0),
        served("no usage", median=math.inf, usage=math.nan),
    ]
    assert names(soonest(entries, None)) == ["soon", "later", "nearly full, for ever", "never", "no usage", "unknown"]


def test_only_the_host_that_is_named_is_listed() -> None:
    assert names(soonest([served("/", "box"), served("/srv", "other")], "other")) == ["/srv"]


def test_what_is_seen_and_not_forecast_is_not_listed() -> None:
    assert soonest([served("web", observed=Assertion(0.9, "warning"))], None) == []


@pytest.mark.parametrize(
    ("host", "target", "said"),
    [
        (None, "jelyfin", "no target 'jelyfin' is forecast now, or seen in trouble; did you mean 'jellyfin' on box and other?"),
        ("box", "/SR", "no target '/SR' on host 'box' is forecast now, or seen in trouble; did you mean '/srv' on box?"),
        ("box", "/elsewhere", "no target '/elsewhere' on host 'box' is forecast now, or seen in trouble; did you mean '/elsewhere' on other?"),
        (None, "quite another thing", "no target 'quite another thing' is forecast now, or seen in trouble"),
        (None, "nas", "no target 'nas' is forecast now, or seen in trouble"),
    ],
)
def test_a_name_that_nobody_has_is_answered_with_those_near_to_it(host: str | None, target: str, said: str) -> None:
    entries = [served("jellyfin"), served("jellyfin", "other"), served("/srv"), served("/elsewhere", "other"), served("dns")]
    assert unknown(entries, host, target) == said


def asked(query: str, count: int = 3) -> Any:
    clock = FakeClock()
    predictions = tuple(served(f"/{number}", median=100.0 + number).prediction for number in range(count))
    result = Result({"filesystem": Answer(predictions, clock.monotonic(), 5.0)}, scores=REPORT)
    app = make_app(lambda: State(render(result), "own", reloaded=True, reloaded_at=0.0), clock)
    return app.test_client().get(query).json


def test_without_a_target_the_soonest_are_listed_without_their_curves_and_counted() -> None:
    answer = asked("/api/v1/forecast?limit=2")
    assert [entry["target"] for entry in answer["forecasts"]] == ["/0", "/1"]
    assert answer["total"] == 3
    assert {"curve", "fan"}.isdisjoint(answer["forecasts"][0])
    assert answer["forecasts"][0]["explanation"] == "x"


def test_the_list_goes_on_where_it_is_asked_to() -> None:
    answer = asked("/api/v1/forecast?limit=2&offset=2")
    assert [entry["target"] for entry in answer["forecasts"]] == ["/2"]
    assert answer["total"] == 3
    assert asked("/api/v1/forecast?offset=99")["forecasts"] == []
    assert asked("/api/v1/forecast?offset=-1") == {"error": "offset='-1' is no number between 0 and 10000000"}


def test_only_what_bears_a_part_of_a_name_is_listed_where_one_is_given() -> None:
    entries = [served("/srv/media"), served("/var"), served("Jellyfin")]
    assert names(soonest(entries, None, "MEDIA")) == ["/srv/media"]
    assert names(soonest(entries, None, "jelly")) == ["Jellyfin"]
    assert len(soonest(entries, None, "filesystem")) == 3


def test_fans_are_given_where_they_are_asked_for_of_so_many_at_once() -> None:
    [entry] = asked("/api/v1/forecast?limit=1&fan=true")["forecasts"]
    assert set(entry["fan"]) == {"ahead_seconds", "lower", "median", "upper"}
    assert "curve" not in entry
    assert asked("/api/v1/forecast?limit=201&fan=true")["error"] == "limit='201' is no number between 1 and 200"


def test_without_a_limit_a_hundred_are_listed() -> None:
    assert len(asked("/api/v1/forecast", count=101)["forecasts"]) == 100


def test_a_target_may_be_asked_for_on_every_host() -> None:
    [entry] = asked("/api/v1/forecast?target=/1")["forecasts"]
    assert list(entry["probabilities"]) == ["1m", "10m"]
    assert (entry["host"], entry["curve"]["ahead_seconds"]) == ("box", [0.0, 600.0])


def test_how_good_the_forecasts_were_is_an_answer_too() -> None:
    horizons = asked("/api/v1/accuracy")["horizons"]
    assert horizons["24h"]["brier"] == 0.05
    assert list(horizons) == ["24h", "48h", "30d"]
