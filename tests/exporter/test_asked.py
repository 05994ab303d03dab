"""A person's own query, forecast once and within bounds."""

from __future__ import annotations

import math
from typing import Any

import pytest

from exporter.asked import MOST_SERIES, Query, TooMuchError, answer
from exporter.asked_web import _query
from forecasting import Limit
from homeostat.config.types import Exporter
from homeostat.prometheus import Series

DAY = 86400.0
NOW = 1_790_000_100.0


class Asked:
    """Answers every range with series that grow by one a day, as far as they were asked for."""

    def __init__(self, *series: dict[str, str], ended: tuple[dict[str, str], ...] = ()) -> None:
        self.series, self.ended = series, ended
        self.spans: list[float] = []

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        self.spans.append(end - start)
        times = tuple(start + step * number for number in range(round((end - start) / step) + 1))
        live = [Series(labels, times, tuple(10 + (at - NOW) / DAY + 0.01 * math.sin(at / 7000) for at in times)) for labels in self.series]
        old = [Series(labels, times[:9], (1.0,) * 9) for labels in self.ended] if len(times) > 10 else []
        return live + old


def told(prometheus: Any, limit: Limit | None = None) -> list[dict[str, Any]]:
    return answer(Query("x", limit), prometheus, Exporter(), NOW)


def test_one_series_is_told_with_its_past_its_fan_and_when_it_reaches_the_limit() -> None:
    (one,) = told(Asked({"job": "a"}), Limit(15.0, "up"))
    assert one["labels"] == {"job": "a"}
    assert one["time_to_limit_seconds"]["median"] == pytest.approx(5 * DAY, rel=0.4)
    assert one["slope_per_second"]["median"] == pytest.approx(1 / DAY, rel=0.4)
    assert len(one["history"]["values"]) <= 400
    assert one["history"]["values"][-1] == one["value"]
    assert one["curve"]["ahead_seconds"][-1] > 7 * DAY


def test_without_a_limit_there_is_a_course_and_no_time() -> None:
    (one,) = told(Asked({}))
    assert (one["limit"], one["time_to_limit_seconds"], one["probabilities"]) == (None, None, {})
    assert one["slope_per_second"]["median"] == pytest.approx(1 / DAY, rel=0.4)
    assert one["curve"]["median"]


def test_what_is_no_more_is_left_out_and_nothing_is_read_of_a_query_that_shows_nothing() -> None:
    assert [one["labels"] for one in told(Asked({"job": "a"}, ended=({"job": "gone"},)))] == [{"job": "a"}]
    nothing = Asked()
    assert told(nothing) == []
    assert len(nothing.spans) == 1


def test_too_many_series_are_refused_before_their_past_is_read() -> None:
    crowd = Asked(*({"n": str(number)} for number in range(MOST_SERIES + 1)))
    with pytest.raises(TooMuchError, match=r"matches 51 series, and at most 50 .* narrow it down"):
        told(crowd)
    assert len(crowd.spans) == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "holds PromQL"),
        ({"query": "x" * 4001}, "in at most 4000 letters"),
        ({"query": "up", "direction": "sideways"}, "neither up nor down"),
        ({"query": "up", "limit": "inf"}, "is no number"),
        ({"query": "up", "limit": "much"}, "is no number"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(said: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _query(said)
