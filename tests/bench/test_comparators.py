"""The forecasters and rules that Homeostat is compared with do what their names say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.leaks import RULES
from bench.marginal import HOUR_SECONDS, Rising, answer_of
from bench.straight import FORECASTERS, past_limit

DAY = 86400.0
TIMES = np.arange(1 - 7 * 288, 1) * 300.0
NEVER = {"prob": 0.0, "ttc": None, "lo": None, "hi": None}


def asked(values: np.ndarray, threshold: float | None, direction: str = "up", times: np.ndarray = TIMES) -> dict:
    return {"id": 1, "ts": times, "values": values, "threshold": threshold, "direction": direction, "horizon": 2 * DAY, "now": 0.0}


def noisy(slope_per_day: float) -> np.ndarray:
    return 50 + slope_per_day * TIMES / DAY + np.random.default_rng(1).normal(size=TIMES.size)


@pytest.mark.parametrize("name", FORECASTERS)
def test_a_steady_rise_is_forecast_to_cross_when_its_line_does(name: str) -> None:
    answer = FORECASTERS[name](asked(50 + 10 * TIMES / DAY, 60.0))
    assert answer["prob"] > 0.95
    assert answer["ttc"] == pytest.approx(DAY, rel=0.03)


@pytest.mark.parametrize("name", FORECASTERS)
def test_a_fall_towards_a_lower_limit_is_the_same_question_upside_down(name: str) -> None:
    up = FORECASTERS[name](asked(noisy(8), 64.0))
    down = FORECASTERS[name](asked(-noisy(8), -64.0, "down"))
    assert down == pytest.approx(up)


@pytest.mark.parametrize("name", FORECASTERS)
def test_what_falls_never_crosses_above(name: str) -> None:
    answer = FORECASTERS[name](asked(noisy(-5), 80.0))
    assert answer["prob"] < 0.01
    assert answer["ttc"] is None


@pytest.mark.parametrize("name", FORECASTERS)
def test_a_lone_sample_gives_no_crossing(name: str) -> None:
    assert FORECASTERS[name](asked(np.array([1.0]), 2.0, times=np.array([-60.0]))) == NEVER


def test_residuals_make_a_doubtful_line_doubtful() -> None:
    request = asked(noisy(5), 60.0)
    assert FORECASTERS["predict_linear[7d]"](request)["prob"] in {0.0, 1.0}
    answer = FORECASTERS["predict_linear[7d] with Gaussian residuals"](request)
    assert 0.2 < answer["prob"] < 0.8
    assert answer["lo"] < answer["ttc"] < answer["hi"]


def test_a_line_without_scatter_is_certain() -> None:
    assert past_limit(np.array([1.0, 2.0, 3.0]), np.zeros(3), 2.0).tolist() == [0.0, 1.0, 1.0]


def test_the_chance_to_have_crossed_never_falls_and_bounds_are_read_off_it() -> None:
    answer = answer_of(np.arange(5.0), np.array([0.0, 0.1, 0.6, 0.2, 0.3]), 4.0)
    assert answer == {"prob": 0.6, "ttc": 2.0, "lo": 1.0, "hi": None}


def test_hours_are_means_up_to_now_and_gaps_lie_on_the_line() -> None:
    times = np.array([-2.5, -2.25, -0.5]) * HOUR_SECONDS
    rising = Rising(times, np.array([1.0, 3.0, 6.0]), math.inf, 1.0)
    assert rising.hourly(24).tolist() == [2.0, 4.0, 6.0]
    assert rising.hourly(2).tolist() == [4.0, 6.0]


@pytest.mark.parametrize("name", RULES)
def test_a_rising_memory_is_flagged_with_its_slope_and_a_falling_one_is_not(name: str) -> None:
    rising, falling = RULES[name](asked(100 + 10 * TIMES / DAY, None)), RULES[name](asked(100 - 10 * TIMES / DAY, None))
    assert rising["leak"]
    assert rising["slope_per_h"] == pytest.approx(10 / 24)
    assert not falling["leak"]


def test_a_week_of_slow_growth_is_no_leak_by_its_share() -> None:
    assert not RULES["`deriv[7d] > 10 %`"](asked(1000 + noisy(1), None))["leak"]
    assert RULES["Mann-Kendall and a line"](asked(1000 + noisy(1), None))["leak"]
