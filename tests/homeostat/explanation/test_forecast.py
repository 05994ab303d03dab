"""From the series to the problem: the exporter's own words now, and what Prometheus held of another moment."""

from __future__ import annotations

import math
from typing import Any

import pytest

from homeostat.explanation.facts import Facts
from homeostat.explanation.forecast import forecast_part, remembered_part
from homeostat.explanation.parts import listed, number, span
from tests.homeostat.cli.test_why import forecast
from tests.homeostat.explanation.seen import KEY, Row, facts, whole, without

BOUNDS: list[Row] = [("homeostat_time_to_limit_seconds", {**KEY._asdict(), "bound": bound}, value) for bound, value in (("lower", 86400.0), ("median", 302400.0), ("upper", math.inf))]


def test_what_is_forecast_is_told_with_its_interval_and_the_forecasts_own_words() -> None:
    assert forecast_part(forecast()).lines == (
        "Of what the limit of disk_exhaustion allows, 87% is used; read 12s ago.",
        "Within 14d, for which it would be acted on, the limit is reached with probability 0.89; expected in 3d12h (90 % interval 1d to never).",
        "It grows by 2 GB a day since Tuesday.",
        "disk_exhaustion is asserted with 0.89, warning.",
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"reason": "flat", "explanation": "It does not move."}, "There is no forecast (flat): It does not move."),
        ({"usage_ratio": None, "limit": None, "reason": "out_of_domain"}, "disk_exhaustion is seen, not forecast; read 12s ago."),
    ],
)
def test_what_is_not_forecast_says_why_and_what_is_seen_says_so(changes: dict[str, Any], line: str) -> None:
    assert line in forecast_part(forecast(**changes)).lines


def test_another_moment_is_told_in_the_past_from_what_prometheus_held() -> None:
    chances: list[Row] = [("homeostat_limit_probability_ratio", {**KEY._asdict(), "horizon": "7d"}, 0.8)]
    assert remembered_part(facts([*whole(), *BOUNDS, *chances]), KEY).lines == (
        "Of what the limit of disk_exhaustion allows, 87% was used.",
        "The limit was expected in 3d12h (90 % interval 1d to never).",
        "It would be reached within 7d with 0.80.",
        "disk_exhaustion was asserted with 0.89, warning.",
    )


def test_a_moment_without_a_problem_or_a_forecast_is_told_so() -> None:
    rows: list[Row] = [*without(whole(), "homeostat_problem_confidence_ratio"), ("homeostat_forecast_unavailable", {**KEY._asdict(), "reason": "stale"}, 1.0)]
    assert remembered_part(facts(rows, 60.0), KEY).lines[1:] == ("There was no forecast: stale.", "disk_exhaustion was not asserted at that moment.")
    assert remembered_part(facts(rows), KEY).lines[-1] == "disk_exhaustion is not asserted now."
    assert remembered_part(Facts(()), KEY).lines == ()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "never"), (math.inf, "never"), (-math.inf, "never"), (math.nan, "never"), (1e308, "never"), (0.4, "0s"), (59.6, "1m"), (90.0, "1m30s"), (3599.0, "59m59s"), (4000.0, "1h7m"), (86400.0, "1d"), (100_000.0, "1d4h")],
)
def test_a_time_is_said_to_what_matters_of_it(seconds: float | None, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(("value", "said"), [(0.8, "0.80"), (0.957, "0.957"), (0.9001, "0.9001"), (0.90004, "0.9000"), (1.0, "1.00"), (0.0, "0.00")])
def test_a_ratio_is_said_as_exactly_as_it_is_decided_by(value: float, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(("words", "said"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_several_are_listed_as_a_sentence_does(words: list[str], said: str) -> None:
    assert listed(words) == said
