"""The learned numbers: that they fit the features, that the trees are summed rightly, and that they forecast well."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bench.courses import Falls
from bench.drawn import Case, Memory, crossing_case, crossing_features, hours_of, leak_looks
from bench.traces import DAY, STEP_SECONDS, Library
from forecasting import Forecast, Limit, Question, Series, Terms, forecast, forecaster
from forecasting.features import LADDER_HOURS
from forecasting.growth import growth_of
from forecasting.learned import ASKED_AGAIN_HOURS, from_arrays, ladder_columns, lasting_odds, learned, to_arrays
from forecasting.trees import Trees

HORIZONS = (86400.0, 7 * 86400.0, 14 * 86400.0)


@pytest.fixture(scope="module")
def drawn() -> list:
    random = np.random.default_rng(20261121)
    return [case for case in (crossing_case(random, Library()) for _ in range(600)) if case]


def asked(case: Case) -> Question:
    return Question(Series(case.times, case.levels), Limit(case.limit), HORIZONS, Terms(case.now, minimum_samples=0))


def brier(cases: list, answers: list[Forecast]) -> float:
    pairs = [(answer.probabilities[h], case.truth <= h) for case, answer in zip(cases, answers, strict=True) for h in HORIZONS]
    return float(np.mean([(chance - crossed) ** 2 for chance, crossed in pairs]))


def test_the_learned_file_fits_the_features(drawn: list) -> None:
    numbers = learned()
    assert numbers is not None
    assert numbers.crossing.names == crossing_features(drawn[:1]).names


def test_a_file_learned_from_other_features_is_refused(drawn: list) -> None:
    numbers = learned()
    assert numbers is not None
    other = dataclasses.replace(numbers, crossing=dataclasses.replace(numbers.crossing, names=("level",)))
    with pytest.raises(ValueError, match=r"make it anew with python -m bench\.train"):
        other.crossings(crossing_features(drawn[:1]))


def test_numbers_survive_being_stored() -> None:
    numbers = learned()
    assert numbers is not None
    again = from_arrays(to_arrays(numbers))
    np.testing.assert_array_equal(again.leak.leaves, numbers.leak.leaves)
    assert again.crossing.names == numbers.crossing.names
    assert again.later == numbers.later


def test_trees_are_summed_as_their_definition_says() -> None:
    random = np.random.default_rng(1)
    trees = Trees(
        random.integers(0, 5, (20, 3)).astype(np.int16), random.normal(size=(20, 3)).astype(np.float32),
        random.normal(size=(20, 8)).astype(np.float32), 0.5, tuple("abcde"),
    )  # fmt: skip
    columns = random.normal(size=(5, 40)).astype(np.float32)
    for row in range(40):
        leaves = [
            sum((columns[feature, row] > border) << bit for bit, (feature, border) in enumerate(zip(*tree, strict=True)))
            for tree in zip(trees.features, trees.borders, strict=True)
        ]
        expected = 0.5 + sum(trees.leaves[tree, leaf] for tree, leaf in enumerate(leaves))
        assert trees.total(columns)[row] == pytest.approx(expected, abs=1e-4)


def test_every_rung_of_a_course_is_one_column(drawn: list) -> None:
    features = crossing_features(drawn[:3])
    columns = ladder_columns(features)
    assert columns.shape == (len(features.names), 3 * len(LADDER_HOURS))
    assert (columns[features.names.index("rung")].reshape(3, -1) == np.array(LADDER_HOURS, np.float32)).all()


def test_forecasts_of_generated_resources_are_better_than_the_unlearned_law(
    drawn: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [asked(case) for case in drawn]
    judged = forecast(questions)
    monkeypatch.setattr(forecaster, "learned", lambda: None)
    both = [(case, one, other) for case, one, other in zip(drawn, judged, forecast(questions), strict=True) if not other.reason]
    cases, learned_answers, unlearned_answers = (list(column) for column in zip(*both, strict=True))
    assert brier(cases, learned_answers) < 0.10
    assert brier(cases, learned_answers) < 0.9 * brier(cases, unlearned_answers)


def test_leaks_among_generated_memories_are_told_from_what_looks_like_them() -> None:
    random = np.random.default_rng(20261122)
    cases = [look for _ in range(150) for look in leak_looks(random, Library())]
    answers = forecast([Question(Series(case.times, case.levels), None, (1.0,), Terms(0.0)) for case in cases])
    flagged = np.array([answer.leak.confidence >= 0.5 for answer in answers])
    leaking = np.array([case.per_hour > 0 for case in cases])
    assert (flagged & leaking).sum() / flagged.sum() > 0.8
    assert (flagged & leaking).sum() / leaking.sum() > 0.6


@pytest.mark.parametrize(("grows_for_days", "leaks"), [(0.4, False), (4, True)])
def test_growth_is_a_leak_once_it_has_lasted(grows_for_days: float, leaks: bool) -> None:
    times = np.arange(1 - 7 * DAY, 1) * STEP_SECONDS
    level = 10 * np.maximum(times / 86400 + grows_for_days, 0) + np.sin(times / 9000)
    answer = forecast([Question(Series(times, level), None, (1.0,), Terms(0.0))])[0]
    assert (answer.leak.confidence >= 0.5) == leaks


def test_what_speaks_for_a_leak_is_as_sure_as_now_and_half_a_day_ago_say_on_the_average() -> None:
    times = np.arange(1 - 7 * DAY, 1) * STEP_SECONDS
    load = 0.3 * np.sin(times / 9000) + np.random.default_rng(1).normal(0, 0.3, times.size)
    hours = hours_of([Memory(times, 10 * np.maximum(times / 86400 + days, 0) + load, 0.0, 0.0) for days in (0, 1.2, 2.5, 3, 4, 5)])
    numbers, growth = learned(), growth_of(hours)
    assert numbers is not None
    now, then = (numbers.leak.total(np.ascontiguousarray(each.features.T)) for each in (growth, growth_of(hours, ASKED_AGAIN_HOURS)))
    assert now.min() < 0 < now.max()
    expected = np.where(now < 0, now, np.minimum(now, (now + then) / 2))
    assert lasting_odds(numbers.leak, hours, growth) == pytest.approx(expected)
    assert (expected < now).any()


def test_of_less_than_a_day_half_a_day_ago_hardly_any_growth_is_a_leak() -> None:
    numbers = learned()
    assert numbers is not None
    trees = dataclasses.replace(numbers.leak, bias=numbers.leak.bias + 3)
    for days, unseen in ((1.4, True), (1.6, False)):
        times = np.arange(1 - int(days * DAY), 1) * STEP_SECONDS
        hours = hours_of([Memory(times, times, 0.0, 0.0)])
        now, then = (float(trees.total(np.ascontiguousarray(growth_of(hours, ago).features.T))[0]) for ago in (0, ASKED_AGAIN_HOURS))
        assert now > 0
        assert lasting_odds(trees, hours, growth_of(hours)) == pytest.approx(min(now, (now + (-2 if unseen else then)) / 2))


def test_without_a_limit_there_is_growth_and_leak_and_no_crossing() -> None:
    times = np.arange(1 - 7 * DAY, 1) * STEP_SECONDS
    answer = forecast([Question(Series(times, times / 86400 + np.sin(times / 9000)), None, HORIZONS, Terms(0.0))])[0]
    assert set(answer.probabilities.values()) == {0.0}
    assert answer.time_to_limit_seconds.median == np.inf
    assert answer.leak.confidence > 0.7
    assert answer.leak.slope_per_second * 86400 == pytest.approx(1, rel=0.2)
    assert "no limit" in answer.explanation


def test_a_saw_tooth_below_its_limit_is_not_extrapolated_and_its_ceiling_is_named() -> None:
    random = np.random.default_rng(3)
    level = Falls(DAY, 1.0, 1.0).of(random, np.arange(14 * DAY) / DAY)
    times = np.arange(1 - level.size, 1) * STEP_SECONDS
    safe = forecast([Question(Series(times, level), Limit(float(level.max()) * 1.5), HORIZONS, Terms(0.0))])[0]
    assert safe.probabilities[14 * 86400.0] < 0.2
    assert "fell back 1" in safe.explanation
    assert "of the futures replayed" in safe.explanation


def weeks(level: np.ndarray, limit: float, direction: str = "up") -> Forecast:
    times = np.arange(1 - level.size, 1) * STEP_SECONDS
    return forecast([Question(Series(times, level), Limit(limit, direction), HORIZONS, Terms(0.0))])[0]


@pytest.mark.parametrize("samples_ago", [1, 3, 12, 24, 100])
def test_right_after_a_clean_up_the_fall_is_not_taken_for_the_slope(samples_ago: int) -> None:
    days = np.arange(14 * DAY) / DAY
    answer = weeks(days - 8 * (np.arange(days.size) >= days.size - samples_ago), 30.0)
    assert answer.slope_per_second.median * 86400 == pytest.approx(1, rel=0.05)


def test_one_glitch_in_an_idle_series_is_no_movement() -> None:
    level = np.ones(14 * DAY)
    level[1000] = 2.0
    assert weeks(level, 1e6).reason == "flat"


def test_a_spike_that_has_become_the_oldest_sample_changes_nothing() -> None:
    level = np.cumsum(np.random.default_rng(5).normal(size=14 * DAY))
    spiked = level.copy()
    spiked[0] += 1000
    assert weeks(spiked, level.max() + 20).probabilities == weeks(level, level.max() + 20).probabilities


@pytest.mark.parametrize("direction", ["up", "down"])
def test_the_curve_reaches_the_limit_when_the_distribution_says_so(direction: str) -> None:
    sign = 1 if direction == "up" else -1
    level = sign * np.arange(14 * DAY) / DAY
    answer = weeks(level, sign * 20.0, direction)
    time, curve = answer.time_to_limit_seconds, answer.curve
    assert np.interp(time.median, curve.ahead_seconds, curve.median) == pytest.approx(sign * 20, abs=0.3)
    sooner = curve.upper if direction == "up" else curve.lower
    assert np.interp(time.lower, curve.ahead_seconds, sooner) == pytest.approx(sign * 20, abs=0.5)
    assert (curve.lower <= curve.median).all()
    assert (curve.median <= curve.upper).all()


def test_recalibration_is_a_shift_of_the_log_odds() -> None:
    level = np.cumsum(np.random.default_rng(6).normal(size=14 * DAY))
    times = np.arange(1 - level.size, 1) * STEP_SECONDS
    shifts = (0.0, 0.5)
    asked_twice = [
        Question(Series(times, level), Limit(float(level.max()) + 5), HORIZONS, Terms(0.0, recalibration=shift)) for shift in shifts
    ]
    plain, moved = forecast(asked_twice)
    for horizon in HORIZONS:
        odds = [answer.probabilities[horizon] / (1 - answer.probabilities[horizon]) for answer in (plain, moved)]
        assert np.log(odds[1] / odds[0]) == pytest.approx(0.5, abs=1e-6)


def test_a_recalibration_that_is_no_number_has_no_forecast() -> None:
    times = np.arange(1 - 7 * DAY, 1) * STEP_SECONDS
    terms = Terms(0.0, recalibration=float("nan"))
    assert forecast([Question(Series(times, times), Limit(9e9), HORIZONS, terms)])[0].reason == "out_of_domain"


def test_whole_numbers_are_as_good_as_any() -> None:
    times = np.arange(1 - 7 * DAY, 1) * 300
    answer = forecast([Question(Series(times, times // 300), Limit(500.0), HORIZONS, Terms(0.0))])[0]
    assert answer.probabilities[14 * 86400.0] > 0.5


def test_what_is_older_than_the_grid_costs_and_changes_nothing() -> None:
    level = np.cumsum(np.random.default_rng(7).normal(size=30 * DAY))
    limit = float(level.max()) + 20
    assert weeks(level, limit).probabilities == weeks(level[-14 * DAY :], limit).probabilities
