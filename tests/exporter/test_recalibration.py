"""The shift that scored forecasts teach: bounded, monotone, in the right direction, and no one series' doing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.recalibration import (
    ENOUGH,
    HALF_LIFE_SECONDS,
    MOST_OF_ONE,
    MOST_SHIFT,
    Evidence,
    elapsed,
    fade,
    faded,
    learn,
    logit,
    share,
    shift,
)

CLASSES = len(Evidence().forecast)
weights = st.lists(st.floats(0, 1e6), min_size=CLASSES, max_size=CLASSES)
parts = st.lists(st.floats(0, 1), min_size=CLASSES, max_size=CLASSES)


def evidence(count: float, forecast: float, crossed: float) -> Evidence:
    """Return `count` independent forecasts of one probability, of which the ratio `crossed` came true."""
    happened = np.array([1.0, 0.0])
    shares = count * np.array([crossed, 1 - crossed])
    return learn(Evidence(), logit(np.full(2, forecast)), happened, shares)


@given(weights, parts)
def test_the_shift_is_bounded(forecast: list[float], crossed: list[float]) -> None:
    happened = [each * part for each, part in zip(forecast, crossed, strict=True)]
    assert abs(shift(Evidence(tuple(forecast), tuple(happened)))) <= MOST_SHIFT


@given(weights, parts, st.integers(0, CLASSES - 1))
def test_more_crossings_never_lower_the_shift(forecast: list[float], crossed: list[float], changed: int) -> None:
    happened = [each * part for each, part in zip(forecast, crossed, strict=True)]
    more = [*happened]
    more[changed] = forecast[changed]
    assert shift(Evidence(tuple(forecast), tuple(more))) >= shift(Evidence(tuple(forecast), tuple(happened)))


@pytest.mark.parametrize(("forecast", "crossed"), [(0.3, 0.5), (0.05, 0.1), (0.6, 0.7)])
def test_it_moves_towards_what_happened_and_not_beyond(forecast: float, crossed: float) -> None:
    wanted = math.log(crossed / (1 - crossed)) - math.log(forecast / (1 - forecast))
    up, down = shift(evidence(2000, forecast, crossed)), shift(evidence(2000, 1 - forecast, 1 - crossed))
    assert 0 < up <= min(MOST_SHIFT, wanted + 0.13)
    assert up == pytest.approx(min(MOST_SHIFT, wanted), abs=0.2)
    assert down == pytest.approx(-up, abs=1e-6)


def test_what_is_calibrated_is_left_alone() -> None:
    # 0.5 stands in the middle of its class.
    assert shift(evidence(1000, 0.5, 0.5)) == pytest.approx(0, abs=1e-9)


def test_without_enough_evidence_nothing_moves_and_beyond_it_nothing_jumps() -> None:
    assert shift(Evidence()) == 0
    assert shift(evidence(ENOUGH, 0.2, 1.0)) == 0
    steps = [shift(evidence(count, 0.2, 1.0)) for count in np.arange(ENOUGH, 2 * ENOUGH + 1)]
    assert steps == sorted(steps)
    assert max(np.diff(steps)) < 0.03


@given(st.integers(1, 5000), st.floats(1, 1e7), st.floats(0, MOST_OF_ONE))
def test_the_voice_of_one_series_stays_below_its_most_however_often_it_speaks(times: int, spacing: float, voice: float) -> None:
    heard = np.array([voice])
    for _ in range(min(times, 200)):
        heard += share(heard, spacing)
    assert 0 <= heard[0] <= MOST_OF_ONE + 1e-9


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(2 * ENOUGH, 1e5), st.floats(0.001, 0.999), st.booleans())
def test_a_single_series_cannot_move_it_much(forecast: float, crossed: float, count: float, said: float, came: bool) -> None:
    others = evidence(count, forecast, crossed)
    one = learn(others, logit(np.array([said])), np.array([float(came)]), np.array([MOST_OF_ONE]))
    assert abs(shift(one) - shift(others)) <= 0.1


def test_what_was_learned_fades() -> None:
    found = evidence(8 * ENOUGH, 0.3, 0.5)
    assert fade(found, HALF_LIFE_SECONDS).weight == pytest.approx(4 * ENOUGH)
    assert fade(found, -1.0).weight == pytest.approx(8 * ENOUGH)
    assert shift(fade(found, 3.1 * HALF_LIFE_SECONDS)) == 0


@pytest.mark.parametrize("series", [50, 200, 1000])
def test_calibrated_forecasts_of_which_every_crossing_was_forestalled_by_an_action_shift_nothing(series: int) -> None:
    random, spacing = np.random.default_rng(1), 14 * 86400 / 24
    found, voices = Evidence(), np.zeros(series)
    for _ in range(int(180 * 86400 / spacing)):
        found, voices = fade(found, spacing), voices * faded(spacing)
        chances, shares = random.beta(0.15, 3, series), share(voices, spacing)
        acted = random.random(series) < chances
        found, voices = learn(found, logit(chances), np.where(acted, math.nan, 0.0), shares), voices + shares
    assert found.weight > ENOUGH
    assert found.acted > 0
    assert shift(found) == pytest.approx(0, abs=0.1)


@given(weights, parts, st.floats(0, 1e6))
def test_what_was_acted_on_never_makes_a_shift_larger_or_turns_it(forecast: list[float], crossed: list[float], acted: float) -> None:
    happened = tuple(each * part for each, part in zip(forecast, crossed, strict=True))
    known, unknown = shift(Evidence(tuple(forecast), happened)), shift(Evidence(tuple(forecast), happened, acted))
    assert abs(unknown) <= abs(known)
    assert unknown * known >= 0


def test_between_two_turns_a_week_counts_at_most() -> None:
    assert elapsed(0.0, 3600.0) == 3600.0
    assert elapsed(0.0, -3600.0) == 0.0
    assert elapsed(-math.inf, 1.7e9) == elapsed(1000.0, 1.7e9) == 7 * 86400


def test_probabilities_of_nought_and_one_have_a_finite_logit() -> None:
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()
