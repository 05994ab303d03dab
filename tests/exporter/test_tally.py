"""The scores of one horizon against a computation by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exporter.scoring import KEPT, Held
from exporter.tally import HALF_LIFE_SECONDS, Tally, add, fade, score
from tests.exporter.lives import DAY

# Probability, interval, and the seconds until the crossing.
FOUR = [
    (0.9, (3600.0, 7200.0, 9000.0), 6000.0),  # crossed, covered, 20 % too late
    (0.5, (100.0, 200.0, 300.0), 400.0),  # crossed, not covered, half too early
    (0.2, (DAY, 2 * DAY, 3 * DAY), math.inf),  # not crossed, covered
    (0.4, (10.0, 20.0, 30.0), math.inf),  # not crossed, not covered
]


def held(cases: list[tuple[float, tuple[float, ...], float]]) -> Held:
    rows = np.array([(number, 0, chance, 0.0, *bounds) for number, (chance, bounds, _) in enumerate(cases)], KEPT)
    return Held(rows, np.array([seconds for *_, seconds in cases]), {}, rows[:0])


def test_the_scores_are_what_a_computation_by_hand_gives() -> None:
    found = score(add(Tally(), held(FOUR), DAY))
    assert found.scored == 4
    assert found.brier == pytest.approx((0.01 + 0.25 + 0.04 + 0.16) / 4, rel=1e-5)
    assert found.expected == pytest.approx(0.5)
    assert found.crossed == pytest.approx(0.5)
    assert found.coverage == pytest.approx(0.5)
    assert found.time_error == pytest.approx(0.2, rel=0.05)


def test_before_anything_is_scored_there_is_nothing_to_tell() -> None:
    found = score(Tally())
    assert found.scored == 0
    assert all(math.isnan(value) for value in (found.brier, found.expected, found.crossed, found.coverage, found.time_error))


def test_without_a_crossing_there_is_no_time_error() -> None:
    found = score(add(Tally(), held(FOUR[2:]), DAY))
    assert math.isnan(found.time_error)
    assert found.brier == pytest.approx(0.1)


def test_a_median_of_never_is_an_infinite_error() -> None:
    never = (0.1, (math.inf, math.inf, math.inf), 500.0)
    assert score(add(Tally(), held([never]), DAY)).time_error == math.inf


def test_an_exact_median_is_no_error() -> None:
    assert score(add(Tally(), held([(0.9, (400.0, 500.0, 600.0), 500.0)]), DAY)).time_error == 0.0


def test_what_is_old_counts_half_after_its_half_life_and_the_number_scored_never_falls() -> None:
    wrong, right = (1.0, (1.0, 2.0, 3.0), math.inf), (0.0, (DAY, 2 * DAY, 3 * DAY), math.inf)
    old = fade(add(Tally(), held([wrong]), DAY), HALF_LIFE_SECONDS)
    found = score(add(old, held([right]), DAY))
    assert found.brier == pytest.approx(0.5 / 1.5)
    assert found.coverage == pytest.approx(1 / 1.5)
    assert found.scored == 2


def test_a_clock_that_was_set_back_does_not_make_the_old_count_more() -> None:
    tally = add(Tally(), held(FOUR), DAY)
    assert fade(tally, -DAY) == tally


def test_nothing_scored_changes_nothing() -> None:
    tally = add(Tally(), held(FOUR), DAY)
    assert add(tally, held([]), DAY) == tally
