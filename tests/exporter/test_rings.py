"""Rings against a simple model of them, and the cases that have a name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.rings import Past, Ring, identity_of
from homeostat.prometheus import Series
from tests.exporter.fakes import block

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP, POINTS = 10.0, 6
START = 1_000_000.0
Sample = tuple[str, float, float]


def put(ring: Ring, samples: Iterable[Sample]) -> None:
    """Put (name, time, value) samples in one block, as an answer brings them."""
    by_name: dict[str, list[tuple[float, float]]] = {}
    for name, time, value in samples:
        by_name.setdefault(name, []).append((time, value))
    answer = block([Series({"name": name}, *zip(*pairs, strict=True)) for name, pairs in by_name.items()])
    rows = ring.rows(answer)
    for index in np.flatnonzero(rows < 0):
        rows[index] = ring.add(answer.read_labels(answer.names[index]))
    ring.put(answer, rows)


def pasts(ring: Ring, now: float) -> dict[str, Past]:
    return {past.labels["name"]: past for batch in ring.pasts(now, 2) for past in batch}


def contents(ring: Ring, now: float) -> dict[str, dict[float, float]]:
    return {name: dict(zip(past.timestamps.tolist(), past.values.tolist(), strict=True)) for name, past in pasts(ring, now).items()}


def ring_at(now: float) -> Ring:
    ring = Ring(STEP, POINTS)
    ring.advance(now)
    return ring


class Model:
    """The same in dicts. Reading again may correct a step that is over; in the newest one an older sample comes too late."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, int], float] = {}
        self.newest: dict[str, float] = {}
        self.head = 0

    def advance(self, now: float) -> None:
        head = math.ceil(now / STEP)
        if not 0 <= head - self.head < POINTS:
            self.newest.clear()
        self.head = head
        self.values = {key: value for key, value in self.values.items() if head - POINTS < key[1] <= head}

    def put(self, samples: Iterable[Sample]) -> None:
        before = dict(self.newest)
        for name, time, value in sorted(samples, key=lambda sample: sample[1]):
            step, newest = math.ceil(time / STEP), before.get(name, -math.inf)
            late = time < newest and step == math.ceil(newest / STEP)
            if math.isfinite(value) and self.head - POINTS < step <= self.head and not late:
                self.values[name, step] = value
                self.newest[name] = max(time, self.newest.get(name, -math.inf))

    def contents(self, now: float) -> dict[str, dict[float, float]]:
        found: dict[str, dict[float, float]] = {}
        for (name, step), value in sorted(self.values.items()):
            found.setdefault(name, {})[min(step * STEP, now)] = value
        return found


names = st.sampled_from("abc")
values = st.one_of(st.integers(-5, 5).map(float), st.sampled_from([math.nan, math.inf, -math.inf]))
newer = st.tuples(names, st.integers(-15, 1).map(float), values)
instants = st.lists(newer, max_size=6)


@given(st.lists(st.tuples(st.integers(0, 90), instants), max_size=12))
def test_a_ring_that_follows_what_is_new_holds_what_a_dict_would(turns: list[tuple[int, list[Sample]]]) -> None:
    ring, model, now = Ring(STEP, POINTS), Model(), START
    for seconds, samples in turns:
        now += seconds
        ring.advance(now)
        model.advance(now)
        at = [(name, now + behind, value) for name, behind, value in samples]
        put(ring, at)
        model.put(at)
        assert contents(ring, now) == model.contents(now)


@given(st.lists(st.tuples(names, st.integers(-90, 20).map(float), values), max_size=30), st.randoms())
def test_one_answer_in_any_order_and_twice_is_as_good_as_in_order(samples: list[Sample], chance: object) -> None:
    by_time = {(name, START + back): value for name, back, value in samples}
    ordered = [(name, time, value) for (name, time), value in sorted(by_time.items(), key=lambda item: item[0][1])]
    model = Model()
    model.advance(START)
    model.put(ordered)
    shuffled = [*ordered]
    chance.shuffle(shuffled)
    for answer in (ordered, shuffled):
        ring = ring_at(START)
        put(ring, answer)
        put(ring, answer)
        assert contents(ring, START) == model.contents(START)


@given(st.lists(st.tuples(names, st.integers(-59, 0).map(float), st.integers(-5, 5).map(float)), min_size=1, max_size=30))
def test_what_is_told_of_a_series_is_finite_in_order_and_its_newest_sample(samples: list[Sample]) -> None:
    ring = ring_at(START)
    put(ring, [(name, START + back, value) for name, back, value in samples])
    newest = {name: max(START + back for other, back, _ in samples if other == name) for name, _, _ in samples}
    found = pasts(ring, START)
    assert {name: past.newest for name, past in found.items()} == newest
    for past in found.values():
        assert np.isfinite(past.values).all()
        assert (np.diff(past.timestamps) > 0).all()


def test_a_sample_that_comes_late_does_not_hide_a_newer_one() -> None:
    ring = ring_at(START)
    put(ring, [("a", START - 1, 2.0)])
    put(ring, [("a", START - 4, 1.0)])
    assert contents(ring, START) == {"a": {START: 2.0}}


def test_a_hole_is_filled_by_reading_it_again() -> None:
    ring = ring_at(START)
    put(ring, [("a", START, 3.0), ("a", START - 20, 1.0)])
    assert contents(ring, START) == {"a": {START - 20: 1.0, START: 3.0}}
    put(ring, [("a", START - 10, 2.0)])
    assert contents(ring, START) == {"a": {START - 20: 1.0, START - 10: 2.0, START: 3.0}}


@pytest.mark.parametrize("jump", [-STEP, STEP * POINTS, 1e9])
def test_a_jump_over_the_window_or_back_leaves_nothing_and_asks_for_all_again(jump: float) -> None:
    ring = ring_at(START)
    put(ring, [("a", START, 1.0)])
    ring.read_to = START
    ring.advance(START + jump)
    assert contents(ring, START + jump) == {}
    assert ring.read_to == -math.inf


def test_a_series_that_ended_is_forgotten_and_its_row_is_used_again() -> None:
    ring = ring_at(START)
    put(ring, [("a", START, 1.0), ("b", START - 30, 2.0)])
    ring.evict(START - 20)
    assert len(ring) == 1
    put(ring, [("c", START, 3.0)])
    assert contents(ring, START) == {"a": {START: 1.0}, "c": {START: 3.0}}


def test_many_series_find_room_and_keep_what_they_had() -> None:
    ring = ring_at(START)
    for batch in range(5):
        put(ring, [(f"{batch}-{number}", START, float(number)) for number in range(100)])
    found = contents(ring, START)
    assert len(found) == len(ring) == 500
    assert found["0-7"] == found["4-7"] == {START: 7.0}


def test_a_series_is_known_by_its_labels_whatever_name_and_order_they_come_in() -> None:
    assert identity_of({"__name__": "x", "b": "2", "a": "1"}) == identity_of({"a": "1", "b": "2"})
    assert identity_of({"a": "1"}) != identity_of({"a": "1", "b": "2"})
    ring = ring_at(START)
    row = ring.add({"__name__": "x", "b": "2", "a": "1"})
    assert ring.rows(block([Series({"a": "1", "b": "2"}, (START,), (1.0,))])).tolist() == [row]
    assert ring.add({"a": "1", "b": "2"}) == row


def test_how_long_a_sample_stays_the_newest_is_seen_and_forgotten_again() -> None:
    ring, row = ring_at(START), np.array([0])
    put(ring, [("a", START, 1.0)])

    def interval(newest: float, read_to: float) -> float:
        ring.saw(row, np.array([newest]), np.array([1.0]))
        ring.read_to = read_to
        return pasts(ring, START)["a"].interval_seconds

    assert interval(START, START + 8) == 0
    assert interval(START + 9, START + 11) == 8
    assert interval(START + 9, START + 19) == 8
    assert interval(START + 99, START + 99) == STEP
    assert interval(START + 100, START + 100) == pytest.approx(0.9 * STEP)
    assert interval(START + 101, START + 101) == pytest.approx(0.81 * STEP)
