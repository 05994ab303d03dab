"""What a forecast says of series that people know."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from forecasting import Forecast, Limit, Question, Series, Terms, forecast

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = 1_700_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
HORIZONS = [MINUTE, 5 * MINUTE, 10 * MINUTE]
WEEK_OF_SAMPLES = np.arange(-7 * DAY, 1, 300.0)
TWO_MINUTES = np.arange(-118, 1, 2.0)


def ask(
    ahead: np.ndarray, values: np.ndarray, limit: Limit, horizons: Sequence[float] = HORIZONS, **terms: Any
) -> Forecast:
    values = np.asarray(values, dtype=float)
    return forecast([Question(Series(NOW + np.asarray(ahead), values), limit, tuple(horizons), Terms(NOW, **terms))])[0]


def bursts(seed: int, rate: float, seconds: np.ndarray) -> np.ndarray:
    """Write `rate` per second on average, in lumps about every five seconds."""
    random = np.random.default_rng(seed)
    lumps = random.poisson(2 / 5, size=len(seconds)) * random.gamma(4, 5 * rate / 4, size=len(seconds))
    return np.cumsum(lumps)


def test_a_straight_rise_reaches_its_limit_when_the_line_does() -> None:
    answer = ask(WEEK_OF_SAMPLES, 50 + WEEK_OF_SAMPLES / DAY, Limit(53.0), [DAY, 7 * DAY])
    assert answer.reason is None
    assert answer.time_to_limit_seconds.median == pytest.approx(3 * DAY, rel=0.05)
    assert answer.probabilities[DAY] < 0.05
    assert answer.probabilities[7 * DAY] > 0.9
    assert answer.slope_per_second.median == pytest.approx(1 / DAY, rel=0.01)


def test_a_fall_towards_a_lower_limit_is_the_mirror_of_a_rise() -> None:
    rising = ask(WEEK_OF_SAMPLES, 50 + WEEK_OF_SAMPLES / DAY, Limit(53.0, "up"), [DAY, 7 * DAY])
    falling = ask(WEEK_OF_SAMPLES, -50 - WEEK_OF_SAMPLES / DAY, Limit(-53.0, "down"), [DAY, 7 * DAY])
    assert falling.time_to_limit_seconds == rising.time_to_limit_seconds
    assert falling.probabilities == rising.probabilities
    assert falling.slope_per_second == rising.slope_per_second
    np.testing.assert_allclose(falling.curve.upper, -rising.curve.lower)
    np.testing.assert_allclose(falling.curve.lower, -rising.curve.upper)


@pytest.mark.parametrize("seconds", [90, 120])
def test_an_uneven_writer_with_a_clear_trend_is_foreseen_after_two_minutes(seconds: float) -> None:
    ahead = np.arange(-seconds + 2, 1, 2.0)
    answers = []
    for seed in range(50):
        written = bursts(seed, rate=2.0, seconds=ahead)
        answers.append(ask(ahead, written, Limit(written[-1] + 2.0 * 150)).probabilities[10 * MINUTE])
    assert np.mean(np.array(answers) >= 0.85) >= 0.85


def test_a_slow_leak_in_much_noise_is_a_weak_prediction() -> None:
    answers = []
    for seed in range(50):
        noise = np.random.default_rng(seed).normal(0, 5, TWO_MINUTES.size)
        answers.append(ask(TWO_MINUTES, 0.1 * TWO_MINUTES + noise, Limit(60.0)).probabilities[10 * MINUTE])
    assert 0.5 < np.median(answers) < 0.75
    assert np.mean([0.5 <= answer <= 0.75 for answer in answers]) >= 0.6


def test_growth_that_saturates_is_no_leak_and_is_not_extrapolated_to_the_limit() -> None:
    warm_up = 100 * (1 - np.exp(-(WEEK_OF_SAMPLES + 7 * DAY) / (1.5 * DAY)))
    noise = np.random.default_rng(1).normal(0, 0.3, warm_up.size)
    answer = ask(WEEK_OF_SAMPLES, warm_up + noise, Limit(130.0), [7 * DAY, 30 * DAY])
    assert answer.leak.confidence < 0.2
    assert answer.probabilities[30 * DAY] < 0.5
    assert answer.curve.median[-1] < 130


@pytest.mark.parametrize("step_at_day", [-6, -3.5, -1])
def test_one_big_download_is_neither_leak_nor_trend(step_at_day: float) -> None:
    noise = np.random.default_rng(2).normal(0, 0.2, WEEK_OF_SAMPLES.size)
    answer = ask(
        WEEK_OF_SAMPLES, np.where(step_at_day * DAY < WEEK_OF_SAMPLES, 80, 50) + noise, Limit(100.0), [14 * DAY]
    )
    assert answer.leak.confidence < 0.5
    assert answer.probabilities[14 * DAY] < 0.4


@pytest.mark.parametrize("samples_before", range(3, 9))
@pytest.mark.parametrize(("factor", "shift"), [(1, 0), (8, -512), (0.25, 65536)])
def test_a_step_in_a_course_without_noise_is_no_movement_whatever_its_unit(samples_before: int, factor: float, shift: float) -> None:
    ahead = np.arange(-20, 1, 2.0)
    values = 0.005 * ahead + np.where(np.arange(ahead.size) < samples_before, 0, 24.737)
    answer = ask(ahead, factor * values + shift, Limit(factor * (values[-1] + 1) + shift), minimum_samples=10)
    assert answer.probabilities[MINUTE] < 0.01
    assert answer.slope_per_second.median == pytest.approx(factor * 0.005, rel=1e-3)


def test_a_steady_leak_is_told_with_its_slope() -> None:
    noise = np.random.default_rng(3).normal(0, 5, WEEK_OF_SAMPLES.size)
    answer = ask(WEEK_OF_SAMPLES, 500 + 10 * WEEK_OF_SAMPLES / DAY + noise, Limit(1e6), [2 * DAY])
    assert answer.leak.confidence > 0.9
    assert answer.leak.slope_per_second * DAY == pytest.approx(10, rel=0.1)


def test_a_garbage_collector_s_saw_tooth_is_no_leak() -> None:
    saw = 100 + 50 * ((WEEK_OF_SAMPLES / (6 * HOUR) + 0.8) % 1)
    assert ask(WEEK_OF_SAMPLES, saw, Limit(1000.0), [2 * DAY]).leak.confidence < 0.2


def test_a_reset_begins_a_new_regime() -> None:
    values = np.where(WEEK_OF_SAMPLES < -2 * DAY, 80 + WEEK_OF_SAMPLES / DAY, 20 + WEEK_OF_SAMPLES / DAY / 2)
    answer = ask(WEEK_OF_SAMPLES, values, Limit(25.0), [7 * DAY])
    assert answer.since == pytest.approx(NOW - 2 * DAY, abs=2 * HOUR)
    assert answer.slope_per_second.median * DAY == pytest.approx(0.5, rel=0.1)


def test_a_writer_that_begins_late_is_seen_at_its_own_pace() -> None:
    ahead = np.arange(-118, 1, 2.0)
    values = 100 + np.maximum(0, ahead + 50) + np.random.default_rng(7).normal(0, 0.3, ahead.size)
    answer = ask(ahead, values, Limit(300.0))
    assert answer.slope_per_second.median == pytest.approx(1.0, rel=0.2)
    assert "a turn of the trend" in answer.explanation


def test_an_action_s_mark_ends_the_slope_before_it() -> None:
    values = np.where(WEEK_OF_SAMPLES < -1 * DAY, 60 + 5 * WEEK_OF_SAMPLES / DAY, 55.0)
    values = values + np.random.default_rng(4).normal(0, 0.05, values.size)
    assert ask(WEEK_OF_SAMPLES, values, Limit(70.0), [7 * DAY], since=NOW - DAY).probabilities[7 * DAY] < 0.05
    just_now = ask(WEEK_OF_SAMPLES, values, Limit(70.0), [7 * DAY], since=NOW - 600)
    assert just_now.reason == "not_enough_data"
    assert "since the last action" in just_now.explanation


def test_a_minute_of_history_says_nothing_about_a_month() -> None:
    ahead = np.arange(-60, 1, 2.0)
    assert ask(ahead, ahead, Limit(20 * DAY), [30 * DAY]).probabilities[30 * DAY] < 0.05


def test_a_plateau_past_the_limit_is_reached_and_not_mended() -> None:
    answer = ask(TWO_MINUTES, np.full(TWO_MINUTES.size, 100.0), Limit(100.0))
    assert answer.reason is None
    assert set(answer.probabilities.values()) == {1.0}
    assert answer.time_to_limit_seconds.upper == 0.0
    assert "reached" in answer.explanation


def test_one_sample_past_the_limit_is_a_spike_and_no_crossing() -> None:
    values = np.random.default_rng(5).normal(50, 1, WEEK_OF_SAMPLES.size)
    values[-1] = 200.0
    assert ask(WEEK_OF_SAMPLES, values, Limit(100.0), [DAY]).probabilities[DAY] < 0.05


@pytest.mark.parametrize(
    ("values", "limit", "terms", "reason"),
    [
        (np.arange(60.0)[:0], Limit(1.0), {}, "not_enough_data"),
        (np.arange(9.0), Limit(90.0), {"minimum_samples": 1}, "not_enough_data"),
        (np.full(60, np.nan), Limit(1.0), {}, "not_enough_data"),
        (np.full(60, 5.0), Limit(9.0), {}, "flat"),
        (np.arange(60.0), Limit(math.inf), {}, "out_of_domain"),
        (np.arange(60.0), Limit(math.nan), {}, "out_of_domain"),
        (np.arange(60.0), Limit(99.0, "sideways"), {}, "out_of_domain"),
        (np.arange(60.0) * 1e200, Limit(1e202), {}, "out_of_domain"),
        (np.arange(60.0), Limit(99.0), {"stale_after_seconds": -1.0}, "stale"),
    ],
)
def test_without_an_honest_answer_there_is_a_reason_and_no_number(
    values: np.ndarray, limit: Limit, terms: dict[str, Any], reason: str
) -> None:
    answer = ask(TWO_MINUTES[: values.size], values, limit, **terms)
    assert answer.reason == reason
    assert answer.explanation
    assert answer.probabilities == {}
    assert math.isnan(answer.time_to_limit_seconds.median)
    assert math.isnan(answer.slope_per_second.median)
    assert math.isnan(answer.leak.confidence)
    assert answer.curve.median.size == 0


@pytest.mark.parametrize("horizons", [[], [0.0], [-5.0], [math.nan], [math.inf]])
def test_a_horizon_that_is_no_time_ahead_has_no_forecast(horizons: list[float]) -> None:
    assert ask(TWO_MINUTES, TWO_MINUTES, Limit(10.0), horizons).reason == "out_of_domain"


def test_samples_out_of_order_twice_and_from_the_future_do_no_harm() -> None:
    shuffled = np.random.default_rng(6).permutation(TWO_MINUTES.size)
    plain = ask(TWO_MINUTES, TWO_MINUTES + np.sin(TWO_MINUTES), Limit(50.0))
    ahead = np.concatenate([TWO_MINUTES[shuffled], [60.0], TWO_MINUTES])
    values = np.concatenate([TWO_MINUTES[shuffled] * 7, [1e9], TWO_MINUTES + np.sin(TWO_MINUTES)])
    assert ask(ahead, values, Limit(50.0)).probabilities == plain.probabilities


def test_the_explanation_names_the_regime_the_drift_and_the_time_left() -> None:
    text = ask(TWO_MINUTES, 2 * TWO_MINUTES + np.sin(TWO_MINUTES), Limit(600.0)).explanation
    for fact in ("60 samples", "1.97 min", "per second towards the limit", "scatter", "are left", "takes 5.07 min"):
        assert fact in text


def test_vectors_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        Series(np.zeros(3), np.zeros(4))
