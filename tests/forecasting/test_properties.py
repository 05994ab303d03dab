"""What holds for every series whatever it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting import Limit, Question, Series, Terms, forecast

if TYPE_CHECKING:
    from forecasting import Direction, Forecast

NOW = 1_700_000_000.0
HORIZONS = [60.0, 300.0, 600.0, 3600.0, 86400.0, 1209600.0]
ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True, width=64)


@st.composite
def courses(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw a drift with jumps and noise: values at 2 s for some minutes, or at 5 min for some days, as was learned from."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size, spacing = draw(st.tuples(st.integers(10, 120), st.just(2.0)) | st.tuples(st.integers(60, 4000), st.just(300.0)))
    drift = draw(st.integers(-100, 100)) / 100
    noise = draw(st.sampled_from([0.0, 0.01, 1.0, 10.0]))
    jumps = random.normal(0, 30, size) * (random.random(size) < draw(st.sampled_from([0.0, 0.03, 0.3])))
    return NOW + np.arange(1 - size, 1) * spacing, drift * np.arange(size) + np.cumsum(jumps) + random.normal(
        0, noise, size
    )


def ask(times: np.ndarray, values: np.ndarray, limit: Limit) -> Forecast:
    return forecast([Question(Series(times, values), limit, tuple(HORIZONS), Terms(NOW, minimum_samples=10))])[0]


@given(st.lists(st.tuples(ANY_FLOAT, ANY_FLOAT), max_size=40), ANY_FLOAT, st.sampled_from(["up", "down"]), ANY_FLOAT)
@settings(deadline=None, max_examples=300)
def test_nothing_raises_and_every_answer_is_a_number_or_a_reason(
    samples: list[tuple[float, float]], limit: float, direction: Direction, since: float
) -> None:
    times, values = np.array([row[0] for row in samples]), np.array([row[1] for row in samples])
    terms = Terms(NOW, since, minimum_samples=1)
    answer = forecast([Question(Series(times, values), Limit(limit, direction), tuple(HORIZONS), terms)])[0]
    sound(answer)


@given(
    st.lists(st.floats(min_value=-1e15, max_value=1e15), min_size=10, max_size=60),
    st.floats(min_value=1e-9, max_value=1e5),
    st.floats(min_value=-1e15, max_value=1e15),
)
@settings(deadline=None, max_examples=300)
def test_usable_numbers_of_any_size_are_forecast_soundly(values: list[float], spacing: float, limit: float) -> None:
    times = NOW - spacing * np.arange(len(values))[::-1]
    sound(ask(times, np.array(values), Limit(limit)))


def sound(answer: Forecast) -> None:
    assert answer.explanation
    if answer.reason:
        assert not answer.probabilities
        return
    chances = [answer.probabilities[horizon] for horizon in HORIZONS]
    assert all(0 <= chance <= 1 for chance in chances)
    assert chances == sorted(chances)
    time = answer.time_to_limit_seconds
    assert 0 <= time.lower <= time.median <= time.upper
    slope = answer.slope_per_second
    assert slope.lower <= slope.median <= slope.upper
    assert 0 <= answer.leak.confidence <= 1
    assert np.all(answer.curve.lower <= answer.curve.median)
    assert np.all(answer.curve.median <= answer.curve.upper)


@given(courses(), st.floats(0.1, 1000))
@settings(deadline=None)
def test_probability_and_median_tell_the_same(course: tuple[np.ndarray, np.ndarray], headroom: float) -> None:
    times, values = course
    answer = ask(times, values, Limit(float(values[-1]) + headroom))
    for horizon, chance in answer.probabilities.items():
        assert (answer.time_to_limit_seconds.median <= horizon) == (chance >= 0.5) or math.isclose(
            chance, 0.5, abs_tol=1e-6
        )


@given(courses(), st.floats(0, 1000), st.floats(0, 1000))
@settings(deadline=None)
def test_more_headroom_never_raises_the_probability(
    course: tuple[np.ndarray, np.ndarray], headroom: float, more: float
) -> None:
    times, values = course
    near = ask(times, values, Limit(float(values[-1]) + headroom))
    far = ask(times, values, Limit(float(values[-1]) + headroom + more))
    for horizon, chance in far.probabilities.items():
        assert chance <= near.probabilities[horizon] + 1e-6


@given(courses(), st.floats(0.1, 1000), st.sampled_from([0.25, 8.0, 2.0**20]), st.sampled_from([0.0, -512.0, 2.0**16]))
@settings(deadline=None)
def test_scaling_and_shifting_a_series_moves_the_answer_as_it_must(
    course: tuple[np.ndarray, np.ndarray], headroom: float, factor: float, shift: float
) -> None:
    times, values = course
    plain = ask(times, values, Limit(float(values[-1]) + headroom))
    moved = ask(times, factor * values + shift, Limit(factor * (float(values[-1]) + headroom) + shift))
    if plain.reason or moved.reason:
        assert plain.reason == moved.reason
        return
    for horizon, chance in plain.probabilities.items():
        assert math.isclose(moved.probabilities[horizon], chance, abs_tol=1e-3)
    assert math.isclose(
        moved.slope_per_second.median, factor * plain.slope_per_second.median, rel_tol=1e-3, abs_tol=1e-6 * factor
    )


@given(st.lists(courses(), min_size=2, max_size=5), st.integers(0, 4), st.floats(0.1, 1000))
@settings(deadline=None, max_examples=50)
def test_a_bad_series_changes_no_other_s_answer(
    drawn: list[tuple[np.ndarray, np.ndarray]], at: int, headroom: float
) -> None:
    terms = Terms(NOW, minimum_samples=10)
    questions = [
        Question(Series(times, values), Limit(float(values[-1]) + headroom), tuple(HORIZONS), terms) for times, values in drawn
    ]
    bad = Question(Series(np.full(9, np.nan), np.full(9, np.inf)), Limit(math.inf), (), terms)
    alone = [forecast([question])[0] for question in questions]
    together = forecast([*questions[:at], bad, *questions[at:]])
    del together[min(at, len(questions))]
    for one, other in zip(alone, together, strict=True):
        assert one.probabilities == other.probabilities
        assert one.time_to_limit_seconds == other.time_to_limit_seconds
        assert one.leak == other.leak


@given(courses(), st.floats(0.1, 1000), st.floats(-1, 1))
@settings(deadline=None, max_examples=50)
def test_recalibration_moves_every_probability_its_way(
    course: tuple[np.ndarray, np.ndarray], headroom: float, shift: float
) -> None:
    times, values = course
    limit = Limit(float(values[-1]) + headroom)
    plain = ask(times, values, limit)
    terms = Terms(NOW, minimum_samples=10, recalibration=shift)
    moved = forecast([Question(Series(times, values), limit, tuple(HORIZONS), terms)])[0]
    for horizon, chance in plain.probabilities.items():
        difference = moved.probabilities[horizon] - chance
        assert abs(difference) < 1e-9 or math.copysign(1, difference) == math.copysign(1, shift)
