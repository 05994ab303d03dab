"""When a problem exists: likely, near, fresh and lasting (SPEC 3.4)."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exporter.assertion import Assertion, Standing, stand
from exporter.model import Key, LeakRule, Reading
from forecasting import Bounds, Forecast, Leak, Limit, Series
from homeostat.config.types import Assertion as Rules

if TYPE_CHECKING:
    from homeostat.words import Severity

HOUR, DAY = 3600.0, 86400.0
RULES = Rules()
NOW = 2 * DAY
LASTING = Standing(1)
READING = Reading(
    key=Key("disk_exhaustion", "box", "/", "filesystem"),
    series=Series(np.array([0.0, DAY]), np.array([1.0, 2.0])),
    limit=Limit(10.0),
    unit="bytes",
    action_horizon_seconds=14 * DAY,
    usage_ratio=0.8,
    usage_per_unit=0.1,
    age_seconds=1.0,
)
LIKELY = Forecast(
    "x", since=0.0, time_to_limit_seconds=Bounds(DAY, 3 * DAY, math.inf), probabilities={DAY: 0.1, 14 * DAY: 0.8}
)
LEAKING = dataclasses.replace(
    READING,
    usage_ratio=0.1,
    leak_rule=LeakRule(bytes_per_second=10.0, over_seconds=DAY),
    action_horizon_seconds=2 * DAY,
)
LEAK = Forecast(
    "x",
    since=0.0,
    time_to_limit_seconds=Bounds(9 * DAY, 20 * DAY, math.inf),
    probabilities={2 * DAY: 0.0},
    leak=Leak(0.9, 10.0),
)


def changed(value: Any, **changes: Any) -> Any:
    return dataclasses.replace(value, **changes)


def test_a_likely_near_problem_that_lasts_is_asserted_with_the_probability_within_its_action_horizon() -> None:
    assert stand(LASTING, READING, LIKELY, RULES, NOW) == Standing(2, Assertion(0.8, "warning"), NOW - 1)


def test_the_first_cycle_of_evidence_asserts_nothing_yet() -> None:
    assert stand(Standing(), READING, LIKELY, RULES, NOW) == Standing(1, counted_to=NOW - 1)


@pytest.mark.parametrize(("age", "counted"), [(3.0, 1), (2.0, 1), (1.0, 2)])
def test_a_sample_counts_when_it_is_newer_than_the_last_one_that_did(age: float, counted: int) -> None:
    before = Standing(1, counted_to=NOW - 2)
    assert stand(before, changed(READING, age_seconds=age), LIKELY, RULES, NOW).cycles == counted


def test_a_clock_that_was_set_back_does_not_stop_the_count() -> None:
    assert stand(Standing(1, counted_to=NOW + DAY), READING, LIKELY, RULES, NOW) == Standing(2, Assertion(0.8, "warning"), NOW - 1)


def test_one_cycle_without_evidence_ends_an_assertion_and_its_count() -> None:
    unlikely = changed(LIKELY, probabilities={14 * DAY: 0.49})
    assert stand(Standing(9, Assertion(0.8, "warning")), READING, unlikely, RULES, NOW) == Standing()


@pytest.mark.parametrize(("chance", "asserted"), [(0.4999, False), (0.5, True), (math.nan, False)])
def test_the_probability_counts_from_its_threshold_on(chance: float, asserted: bool) -> None:
    forecast = changed(LIKELY, probabilities={14 * DAY: chance})
    assert (stand(LASTING, READING, forecast, RULES, NOW).assertion is not None) == asserted


@pytest.mark.parametrize(
    ("usage", "upper", "asserted"),
    [
        (0.7, math.inf, True),
        (0.69, math.inf, False),
        (0.69, 14 * DAY, True),
        (0.69, 14 * DAY + 1, False),
        (math.nan, math.inf, False),
        (math.nan, DAY, True),
    ],
)
def test_near_is_high_usage_or_the_limit_within_the_horizon_at_the_95_percent_bound(
    usage: float, upper: float, asserted: bool
) -> None:
    forecast = changed(LIKELY, time_to_limit_seconds=Bounds(0.0, DAY / 2, upper))
    standing = stand(LASTING, changed(READING, usage_ratio=usage), forecast, RULES, NOW)
    assert (standing.assertion is not None) == asserted


@pytest.mark.parametrize(
    ("median", "severity"),
    [(0.0, "critical"), (DAY - 1, "critical"), (DAY, "warning"), (7 * DAY, "info"), (math.inf, "info")],
)
def test_the_severity_is_how_soon_the_limit_is_expected(median: float, severity: Severity) -> None:
    forecast = changed(LIKELY, time_to_limit_seconds=Bounds(0.0, median, math.inf))
    assert stand(LASTING, READING, forecast, RULES, NOW).assertion == Assertion(0.8, severity)


def test_without_a_forecast_nothing_is_asserted_whatever_stood() -> None:
    standing = Standing(9, Assertion(0.8, "warning"))
    assert stand(standing, READING, Forecast("too old", "stale"), RULES, NOW) == Standing()
    assert stand(standing, LEAKING, Forecast("too old", "stale"), Rules(probability=0.0), NOW) == Standing()
    assert stand(standing, READING, Forecast("3 samples", "not_enough_data"), RULES, NOW) == Standing()


def test_what_is_past_its_limit_is_a_problem_also_without_a_forecast() -> None:
    unknown = Forecast("3 samples since the action", "not_enough_data")
    for limit, asserted in ((2.0, Assertion(1.0, "critical")), (2.1, None)):
        full = changed(READING, limit=Limit(limit))
        assert stand(Standing(9), full, unknown, RULES, NOW).assertion == asserted
        assert stand(Standing(9), full, Forecast("too old", "stale"), RULES, NOW) == Standing()


def test_what_falls_is_past_its_limit_below_it() -> None:
    unknown = Forecast("3 samples since the action", "not_enough_data")
    for limit, asserted in ((2.0, Assertion(1.0, "critical")), (1.9, None)):
        empty = changed(READING, limit=Limit(limit, "down"), usage_ratio=math.nan)
        assert stand(Standing(9), empty, unknown, RULES, NOW).assertion == asserted


def test_what_is_seen_is_a_problem_with_its_own_confidence_and_severity_once_it_lasts() -> None:
    seen = changed(READING, limit=Limit(math.inf), usage_ratio=math.nan, observed=Assertion(0.9, "info"))
    nothing_to_forecast = Forecast("x", "out_of_domain")
    assert stand(Standing(), seen, nothing_to_forecast, RULES, NOW) == Standing(1, counted_to=NOW - 1)
    assert stand(LASTING, seen, nothing_to_forecast, RULES, NOW) == Standing(2, Assertion(0.9, "info"), NOW - 1)


def test_a_leak_is_a_problem_far_from_its_limit_too() -> None:
    assert stand(LASTING, LEAKING, LEAK, RULES, NOW).assertion == Assertion(0.9, "info")


@pytest.mark.parametrize(
    ("leak", "since"),
    [(Leak(0.9, 9.9), 0.0), (Leak(0.9, 10.0), HOUR), (Leak(0.4, 99.0), 0.0)],
    ids=["too slow", "not seen for long enough", "not sure enough"],
)
def test_a_leak_must_be_fast_long_and_sure(leak: Leak, since: float) -> None:
    assert stand(LASTING, LEAKING, changed(LEAK, leak=leak, since=since), RULES, NOW) == Standing()


def test_a_leak_that_reaches_its_limit_in_time_needs_no_speed() -> None:
    soon = changed(
        LEAK, leak=Leak(0.0, 1.0), probabilities={2 * DAY: 0.97}, time_to_limit_seconds=Bounds(HOUR, 2 * HOUR, DAY)
    )
    assert stand(LASTING, LEAKING, soon, RULES, NOW).assertion == Assertion(0.97, "critical")


def test_growth_of_a_file_system_is_no_leak() -> None:
    assert stand(LASTING, changed(LEAKING, leak_rule=None), LEAK, RULES, NOW) == Standing()


FAR = changed(LIKELY, time_to_limit_seconds=Bounds(9 * DAY, 20 * DAY, 40 * DAY))
GROWS = "it grows by 32.4 kB/h, which is no leak below 36 kB/h"
WHY_NOT: dict[str, tuple[Reading, Forecast, str]] = {
    "not likely enough": (
        READING, changed(LIKELY, probabilities={14 * DAY: 0.31}), "the limit is reached within 14d with a probability of 0.31, below assertion.probability 0.5",
    ),
    "too far away": (
        changed(READING, usage_ratio=0.41), FAR,
        "its limit is too far away: 41% of it is used, below assertion.usage_floor 70%, and at the 95 % bound it is reached only in 40d, not within 14d",
    ),
    "never reached, and what is used is not known": (
        changed(READING, usage_ratio=math.nan), LIKELY,
        "its limit is too far away: what is used is not known, below assertion.usage_floor 70%, and at the 95 % bound it is reached never, not within 14d",
    ),
    "data not fresh": (READING, Forecast("The newest sample is 95 s old.", "stale"), "its data are not fresh: The newest sample is 95 s old"),
    "past the limit, but not fresh": (changed(READING, limit=Limit(2.0)), Forecast("The newest sample is 95 s old.", "stale"), "its data are not fresh: The newest sample is 95 s old"),
    "too few samples": (READING, Forecast("3 samples since the action, 20 are needed.", "not_enough_data"), "there is no forecast (not_enough_data): 3 samples since the action, 20 are needed"),
    "flat": (READING, Forecast("It does not move.", "flat"), "there is no forecast (flat): It does not move"),
    "out of domain": (READING, Forecast("It is a constant.", "out_of_domain"), "there is no forecast (out_of_domain): It is a constant"),
    "grows too slowly for a leak": (
        LEAKING, changed(LEAK, leak=Leak(0.9, 9.0)),
        "its limit is too far away: 10% of it is used, below assertion.usage_floor 70%, and at the 95 % bound it is reached never, not within 2d; and " + GROWS,
    ),
    "grows for too short a time": (changed(LEAKING, usage_ratio=0.8), changed(LEAK, since=HOUR), "the limit is reached within 2d with a probability of 0.00, below assertion.probability 0.5; and it has grown so for 23h of the 1d that make it a leak"),
    "no sure leak": (changed(LEAKING, usage_ratio=0.8), changed(LEAK, leak=Leak(0.4, 99.0)), "the limit is reached within 2d with a probability of 0.00, below assertion.probability 0.5; and a leak is seen with a confidence of 0.40, below assertion.probability 0.5"),
    "seen, but hardly sure": (changed(READING, limit=Limit(math.inf), observed=Assertion(0.3, "info")), Forecast("x", "out_of_domain"), "it is seen with a confidence of 0.30; assertion.probability asks for more"),
}  # fmt: skip


@pytest.mark.parametrize("case", WHY_NOT)
def test_what_is_not_asserted_says_why(case: str) -> None:
    reading, forecast, said = WHY_NOT[case]
    standing = stand(Standing(9), reading, forecast, RULES, NOW)
    assert (standing.assertion, standing.why_not) == (None, said)


def test_evidence_of_one_cycle_says_that_it_must_last() -> None:
    once = stand(Standing(), READING, LIKELY, RULES, NOW)
    assert once.why_not == "it was likely and near in 1 of the 2 cycles with a new sample that it takes"
    assert stand(once, READING, LIKELY, RULES, NOW).why_not == once.why_not
    assert stand(once, READING, LIKELY, RULES, NOW + 1).why_not == ""
