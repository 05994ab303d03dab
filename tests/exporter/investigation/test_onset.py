"""When a series rose for good is found to the value, and noise, seasons and falls are no rise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.investigation.onset import onset

TIMES = list(np.arange(300.0) * 60)
NOISE = np.random.default_rng(7).normal(0, 0.02, 300)


@pytest.mark.parametrize("place", [5, 60, 150, 290])
def test_a_rise_is_found_where_it_is(place: int) -> None:
    found = onset(TIMES, list(np.where(np.arange(300) < place, 0.2, 0.3) + NOISE * 0.1))
    assert found is not None
    assert (found.at, found.before, found.after) == (TIMES[place], pytest.approx(0.2, abs=0.01), pytest.approx(0.3, abs=0.01))
    assert found.confidence > 0.9


def test_a_rise_in_noise_as_large_as_itself_is_found_nearly_where_it_is() -> None:
    found = onset(TIMES, list(np.where(np.arange(300) < 200, 0.20, 0.24) + NOISE))
    assert found is not None
    assert abs(found.at - TIMES[200]) <= 10 * 60


@pytest.mark.parametrize(
    "values",
    [
        [0.2] * 300,
        list(0.2 + NOISE),
        list(np.where(np.arange(300) < 150, 0.3, 0.2)),
        list(np.where(np.arange(300) < 150, 0.300, 0.315)),
        list(np.where(np.arange(300) == 150, 9.0, 0.2)),
        [math.nan] * 300,
        [0.0] * 300,
    ],
    ids=["steady", "noise", "a fall", "a rise of 5 %", "one spike", "nothing", "zero"],
)
def test_what_is_no_rise_for_good_has_no_onset(values: list[float]) -> None:
    assert onset(TIMES, values) is None


def test_a_series_of_five_values_says_nothing_and_gaps_do_no_harm() -> None:
    assert onset(TIMES[:5], [1, 1, 9, 9, 9]) is None
    found = onset(TIMES[:12], [1, 1, math.nan, 1, 1, 1, 9, 9, math.nan, 9, 9, 9])
    assert found is not None
    assert found.at == TIMES[6]
