"""The book over hours and weeks: what is kept, scored, learned and forgotten."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from exporter import recalibration
from exporter.book import Book, is_due, turn_page
from exporter.scoring import KEPT, Batch
from exporter.tally import score
from forecasting import Forecast
from tests.exporter.lives import DAY, HOUR, NEVER, START, Life, key, turn

HORIZONS = (DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)


def test_a_page_is_turned_hourly_sooner_for_a_shorter_horizon_and_when_the_clock_was_set_back() -> None:
    assert is_due(Book().turned_at, START, HORIZONS)
    assert not is_due(START, START + HOUR - 1, HORIZONS)
    assert is_due(START, START + HOUR, HORIZONS)
    assert is_due(START, START + 15, (60.0, DAY))
    assert not is_due(START, START + 14, (60.0, DAY))
    assert is_due(START, START - 1, HORIZONS)


def test_one_forecast_is_kept_for_each_series_and_horizon_the_longer_the_seldomer() -> None:
    book, times = Book(), {horizon: [] for horizon in HORIZONS}
    life = Life()
    for hour in range(200):
        book, batches = turn_page(book, turn(START + hour * HOUR, life, horizons=HORIZONS, window=DAY), [])
        for batch in batches:
            times[batch.horizon].append(hour)
    assert times[DAY] == list(range(200))
    assert times[2 * DAY] == list(range(0, 200, 2))
    assert times[7 * DAY] == list(range(0, 200, 7))
    assert times[30 * DAY] == list(range(0, 200, 30))


def test_what_is_kept_is_what_was_said() -> None:
    life = Life(probability=0.25, bounds=dataclasses.replace(NEVER, lower=5.0, median=7.0))
    book, _ = turn_page(Book(), turn(START, life), [])
    [course] = book.courses.values()
    later = START + HOUR
    book, [batch] = turn_page(book, turn(later, life), [])
    assert (batch.made_at, batch.horizon) == (later, DAY)
    assert batch.rows.tolist() == [(course.id, 3600, 0.25, 0.0, 5.0, 7.0, math.inf)]
    assert course.key == key()


@pytest.mark.parametrize(
    ("life", "reason"),
    [
        (Life(lambda _: 100.0), "it is past its limit"),
        (Life(unseen=lambda at: at > START - HOUR), "it has no forecast"),
    ],
)
def test_nothing_is_kept_of_a_series_when(life: Life, reason: str) -> None:
    _, batches = turn_page(Book(), turn(START, life), [])
    assert batches == [], reason


def test_a_forecast_that_lacks_a_horizon_is_not_kept_for_it() -> None:
    made = turn(START, Life(), horizons=(DAY, 2 * DAY))
    [(reading, forecast)] = made.forecasts
    only = dataclasses.replace(made, forecasts=[(reading, dataclasses.replace(forecast, probabilities={DAY: 0.5}))])
    _, batches = turn_page(Book(), only, [])
    assert [batch.horizon for batch in batches] == [DAY]


def test_a_horizon_of_which_nothing_could_be_kept_is_tried_again_at_the_next_page() -> None:
    young = turn(START, Life())
    [(reading, _)] = young.forecasts
    book, batches = turn_page(Book(), dataclasses.replace(young, forecasts=[(reading, Forecast("x", "not_enough_data"))]), [])
    assert batches == []
    _, batches = turn_page(book, turn(START + 60, Life()), [])
    assert len(batches) == 1


def test_of_two_series_under_one_name_the_first_counts() -> None:
    made = turn(START, Life(probability=0.1), Life(probability=0.9))
    book, [batch] = turn_page(Book(), made, [])
    assert len(book.courses) == 1
    assert batch.rows["probability"].tolist() == pytest.approx([0.1])


def run(book: Book, pending: list[Batch], hours: range, *lives: Life) -> tuple[Book, list[Batch]]:
    """Turn a page an hour, as the scorekeeper does."""
    for hour in hours:
        now = START + hour * HOUR
        due = [batch for batch in pending if batch.made_at + batch.horizon <= now]
        book, made = turn_page(book, turn(now, *lives, horizons=HORIZONS, window=DAY), due)
        pending = [batch for batch in pending if batch.made_at + batch.horizon > now] + made
    return book, pending


def test_at_most_25_forecasts_of_a_series_and_horizon_wait_at_a_time() -> None:
    _, pending = run(Book(), [], range(24 * 36), Life())
    waiting = {horizon: sum(batch.horizon == horizon for batch in pending) for horizon in HORIZONS}
    assert all(23 <= count <= 25 for count in waiting.values()), waiting


def fleet(count: int, probability: float, crossing: int) -> list[Life]:
    """Return `count` series that are all given `probability`; `crossing` of them cross for three hours a day, the others never."""
    hourly = lambda at: 120.0 if (at - START) % DAY < 3 * HOUR else 50.0  # noqa: E731 - one course
    return [Life(hourly if number < crossing else lambda _: 50.0, probability, target=f"/{number}") for number in range(count)]


def test_the_shift_learned_from_a_fleet_is_small_in_the_right_direction_and_in_what_is_kept_next() -> None:
    book, pending = run(Book(), [], range(24 * 16), *fleet(70, 0.2, 35))
    found = book.shifts()["disk_exhaustion"]
    assert 0 < found <= recalibration.MOST_SHIFT
    assert pending[-1].rows["recalibration"][0] > 0


def test_a_single_series_is_never_enough_to_learn_from() -> None:
    book, _ = run(Book(), [], range(24 * 40), *fleet(1, 0.01, 1))
    assert book.tallies[DAY].scored > 300
    assert book.evidence["disk_exhaustion"].weight <= recalibration.MOST_OF_ONE
    assert book.shifts() == {"disk_exhaustion": 0.0}


def test_each_problem_learns_for_itself() -> None:
    leak, disk = Life(problem="memory_leak", probability=0.2), Life(probability=0.2)
    book, _ = run(Book(), [], range(48), leak, disk)
    assert book.evidence.keys() == {"memory_leak", "disk_exhaustion"}
    assert book.evidence["memory_leak"].weight == pytest.approx(book.evidence["disk_exhaustion"].weight)


def test_the_evidence_is_about_the_forecast_as_it_was_before_it_was_shifted() -> None:
    life = Life()
    book, [batch] = turn_page(Book(), turn(START, life), [])
    rows = batch.rows.copy()
    rows["probability"], rows["recalibration"] = 1 / (1 + math.exp(-1.5)), 0.5
    book, _ = run(book, [Batch(START, DAY, rows)], range(1, 26), life)
    classes = np.linspace(-7, 7, len(book.evidence["disk_exhaustion"].forecast))
    assert classes[int(np.argmax(book.evidence["disk_exhaustion"].forecast[:33]))] == pytest.approx(1.0)


def test_what_an_action_made_void_is_noted_beside_the_evidence() -> None:
    life = Life(probability=0.9)
    book, [batch] = turn_page(Book(), turn(START, life), [])
    book, _ = turn_page(book, turn(START + HOUR, life, mark=START + 0.5 * HOUR), [])
    book, _ = turn_page(book, turn(START + 25 * HOUR, life), [batch])
    found = book.evidence["disk_exhaustion"]
    assert (book.voids["acted"], found.weight) == (1, 0.0)
    assert found.acted == pytest.approx(HOUR / recalibration.INDEPENDENT_SECONDS)


def test_a_series_is_forgotten_when_no_kept_forecast_can_ask_about_it() -> None:
    book, _ = run(Book(), [], range(3), Life(target="/gone"), Life())
    still, _ = run(book, [], range(3, 24 * 30), Life())
    gone, _ = run(still, [], range(24 * 31, 24 * 31 + 5), Life())
    assert {course.key.target for course in still.courses.values()} == {"/gone", "/srv"}
    assert {course.key.target for course in gone.courses.values()} == {"/srv"}


def test_a_number_is_not_given_twice() -> None:
    book, _ = run(Book(), [], range(2), Life(target="/gone"))
    book, _ = run(book, [], range(24 * 40, 24 * 40 + 2), Life())
    assert [course.id for course in book.courses.values()] == [1]


def test_events_that_no_kept_forecast_can_ask_about_are_forgotten() -> None:
    book, _ = run(Book(), [], range(24 * 40), *fleet(1, 0.5, 1))
    [course] = book.courses.values()
    assert 28 <= len(course.events) <= 33


def test_a_batch_of_rubbish_is_void_and_disturbs_no_score() -> None:
    book, _ = run(Book(), [], range(3), Life())
    rubbish = np.frombuffer(bytes(range(KEPT.itemsize * 9)), KEPT)
    book, _ = turn_page(book, turn(START + 30 * HOUR, Life()), [Batch(START, DAY, rubbish)])
    assert book.voids["unobserved"] == 9
    assert score(book.tallies[DAY]).scored == 0
