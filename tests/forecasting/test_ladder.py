"""The distribution that every answer is read from: never falling, the same both ways, and honest about its ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.ladder import KNOTS_SECONDS, Laws

DAY = 86400.0


def law(seed: int) -> Laws:
    random = np.random.default_rng(seed)
    steps = random.random((1, KNOTS_SECONDS.size)) * (random.random(KNOTS_SECONDS.size) < 0.7)
    rising = np.cumsum(steps, axis=1)
    rising[:, 0] = 0.0
    return Laws(rising / rising.max() * random.random())


@given(st.integers(0, 10_000), st.lists(st.floats(1.0, 60 * DAY), min_size=2, max_size=8))
def test_a_longer_horizon_is_never_less_likely(seed: int, horizons: list[float]) -> None:
    chances = law(seed).within(tuple(sorted(horizons)))[0]
    assert (np.diff(chances) >= 0).all()


@given(st.integers(0, 10_000), st.floats(0.01, 0.99))
def test_the_time_to_a_probability_is_where_that_probability_is_reached(seed: int, share: float) -> None:
    laws = law(seed)
    seconds = float(laws.after(share)[0])
    if math.isinf(seconds):
        assert laws.within((float(KNOTS_SECONDS[-1]),))[0, 0] < share
    else:
        assert laws.within((max(seconds, 1e-6),))[0, 0] == pytest.approx(share, abs=1e-6)


def test_past_the_ladder_nothing_more_is_known_than_at_its_end() -> None:
    laws = law(3)
    assert laws.within((90 * DAY,))[0, 0] == laws.within((30 * DAY,))[0, 0]
