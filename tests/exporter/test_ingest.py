"""What is read when: the past once, then what is new, a gap, a newcomer; and what is refused."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from exporter import past
from exporter.ingest import Memory, follow
from exporter.past import Reader, Span
from homeostat.config.types import Exporter
from homeostat.config.units import Duration
from homeostat.prometheus import PrometheusError, Sample
from tests.exporter.fakes import NOW, FakePrometheus

if TYPE_CHECKING:
    from exporter.rings import Ring
    from homeostat.block import Block

SETTINGS = Exporter(window=Duration(600), step=Duration(10), scrape_interval=Duration(10), most_series=5)
DAY = 86400


def a(name: str) -> dict[str, str]:
    return {"__name__": "x", "name": name}


class Watched:
    """One query that is followed, on a Prometheus that takes a sample every ten seconds."""

    def __init__(self, query: str = "x", settings: Exporter = SETTINGS) -> None:
        self.prometheus = FakePrometheus()
        self.prometheus.reads_remotely = True
        self.reader = Reader(self.prometheus, query, settings)
        self.memory = Memory()
        self.now = NOW

    @property
    def ring(self) -> Ring:
        return self.memory.ring(self.reader.query, self.reader.settings)

    def run(self, name: str, start: float, end: float) -> None:
        """Let a series have a sample of its own time every ten seconds."""
        times = [start + 10 * number for number in range(int((end - start) / 10) + 1)]
        self.prometheus.put(self.reader.query, a(name), [(time, time) for time in times])

    def follow(self, seconds: float = 0) -> None:
        self.now += seconds
        stamps = {row.labels["name"]: row for row in self.prometheus.ranges.get(self.reader.query, [])}
        live = [Sample(row.labels, self.now, max(time for time in row.timestamps if time <= self.now)) for row in stamps.values() if row.timestamps[0] <= self.now]
        self.prometheus.instants[f"timestamp({self.reader.query})"] = [sample for sample in live if sample.value > self.now - 300]
        self.prometheus.past.clear()
        follow(self.ring, self.reader, self.now)

    def held(self) -> dict[str, list[float]]:
        return {each.labels["name"]: each.values.tolist() for batch in self.ring.pasts(self.now, 10) for each in batch}


def times(start: float, end: float) -> list[float]:
    return [start + 10 * number for number in range(int((end - start) / 10) + 1)]


@pytest.fixture
def watched() -> Watched:
    watched = Watched()
    watched.run("one", NOW - 900, NOW + 900)
    watched.run("two", NOW - 100, NOW + 900)
    return watched


def test_the_past_is_read_once_and_then_only_what_is_new(watched: Watched) -> None:
    watched.follow()
    assert [way for way, _, _ in watched.prometheus.past] == ["remote_read"]
    assert watched.held() == {"one": times(NOW - 600, NOW), "two": times(NOW - 100, NOW)}
    watched.follow(10)
    assert watched.prometheus.past == []
    assert watched.held()["one"] == times(NOW - 590, NOW + 10)


def test_a_second_watch_of_the_same_query_asks_nothing(watched: Watched) -> None:
    watched.follow()
    watched.prometheus.asked.clear()
    watched.follow()
    assert watched.prometheus.asked == []


def test_after_missed_cycles_only_the_gap_is_read(watched: Watched) -> None:
    watched.follow()
    watched.follow(70)
    [(_, start, end)] = watched.prometheus.past
    assert (start, end) == (NOW - 10, NOW + 70)
    assert watched.held()["one"] == times(NOW - 530, NOW + 70)


def test_after_a_failure_what_was_missed_is_read(watched: Watched) -> None:
    watched.follow()
    watched.prometheus.down = True
    for _ in range(3):
        with pytest.raises(PrometheusError):
            watched.follow(10)
    watched.prometheus.down = False
    watched.follow(10)
    assert watched.held()["two"] == times(NOW - 100, NOW + 40)


def test_a_newcomer_s_past_is_read_and_no_other_s(watched: Watched) -> None:
    watched.follow()
    watched.run("three", NOW - 50, NOW + 900)
    for row in watched.prometheus.ranges["x"][:2]:
        watched.prometheus.ranges["x"].remove(row)
    watched.follow(10)
    assert len(watched.prometheus.past) == 1
    assert watched.held()["three"] == times(NOW - 50, NOW + 10)
    assert watched.held()["one"] == times(NOW - 590, NOW)


def test_where_only_ranges_can_be_asked_a_newcomer_means_to_read_all() -> None:
    watched = Watched(query="x * 2")
    watched.run("one", NOW - 900, NOW + 900)
    watched.follow()
    watched.run("two", NOW - 50, NOW + 900)
    watched.follow(10)
    assert {way for way, _, _ in watched.prometheus.past} == {"query_range"}
    assert watched.held() == {"one": times(NOW - 590, NOW + 10), "two": times(NOW - 50, NOW + 10)}


def test_where_only_ranges_can_be_asked_newcomers_alone_are_asked_for_in_groups(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "SERIES_A_QUERY", 2)
    watched.prometheus.reads_remotely = False
    watched.follow()
    for name in ("a", 'b"', "c"):
        watched.run(name, NOW - 50, NOW + 900)
    groups = ['{__name__="x",name="a"} or {__name__="x",name="b\\""}', '{__name__="x",name="c"}']
    new = watched.prometheus.ranges["x"][2:]
    watched.prometheus.ranges |= {groups[0]: new[:2], groups[1]: new[2:]}
    watched.prometheus.asked.clear()
    watched.follow(10)
    assert watched.prometheus.asked == ["x", "timestamp(x)", *groups]
    assert {watched.held()[name][0] for name in ("a", 'b"', "c")} == {NOW - 50}


def test_what_ended_gives_its_room_to_what_is_live(watched: Watched) -> None:
    watched.follow()
    for generation in range(1, 5):
        del watched.prometheus.ranges["x"][2:]
        for name in "ab":
            watched.run(f"{name}{generation}", watched.now, NOW + 900)
        watched.follow(10)
    assert set(watched.held()) == {"one", "two", "a4", "b4", *(set(watched.held()) & {"a3", "b3"})}
    assert len(watched.ring) == 5


def test_at_a_start_what_ended_takes_only_the_room_that_is_left() -> None:
    watched = Watched()
    for number in range(6):
        watched.run(f"ended {number}", NOW - 550, NOW - 400)
    for number in range(4):
        watched.run(f"live {number}", NOW - 550, NOW)
    watched.follow()
    assert {f"live {number}" for number in range(4)} < set(watched.held())
    assert len(watched.ring) == 5


def test_external_labels_do_not_make_another_series(watched: Watched) -> None:
    watched.prometheus.external = {"cluster": "home", "replica": "0"}
    watched.follow()
    watched.follow(70)
    assert [way for way, _, _ in watched.prometheus.past] == ["remote_read"]
    assert watched.held() == {"one": times(NOW - 530, NOW + 70), "two": times(NOW - 100, NOW + 70)}
    assert {name for batch in watched.ring.pasts(watched.now, 10) for each in batch for name in each.labels} == {"__name__", "name"}


def test_where_remote_read_shows_other_series_ranges_are_asked(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    told = watched.prometheus.remote_read

    def renamed(*asked: Any) -> Block:
        found = told(*asked)
        return dataclasses.replace(found, names=[name.replace(b"two", b"other") for name in found.names])

    monkeypatch.setattr(watched.prometheus, "remote_read", renamed)
    watched.follow()
    assert [way for way, _, _ in watched.prometheus.past] == ["remote_read", "query_range"]
    assert watched.held() == {"one": times(NOW - 600, NOW), "two": times(NOW - 100, NOW)}


def test_a_dense_past_is_read_in_steps() -> None:
    watched = Watched(settings=Exporter(window=Duration(600), step=Duration(10), scrape_interval=Duration(1)))
    watched.run("one", NOW - 900, NOW)
    watched.follow()
    assert {way for way, _, _ in watched.prometheus.past} == {"query_range"}


@pytest.mark.parametrize("way", ["remote_read", "query_range"])
def test_a_long_past_is_read_in_parts_of_bounded_size_and_is_whole(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "RAW_SAMPLES_A_REQUEST", 100)
    monkeypatch.setattr(past, "STEPS_A_REQUEST", 100)
    monkeypatch.setattr(past, "LOOKBACK_SECONDS", 30)
    watched = Watched()
    watched.prometheus.reads_remotely = way == "remote_read"
    for name in "abcd":
        watched.run(name, NOW - 900, NOW)
    watched.follow()
    assert len(watched.prometheus.past) >= 2
    assert {asked for asked, _, _ in watched.prometheus.past} == {way}
    assert watched.held() == dict.fromkeys("abcd", times(NOW - 600, NOW))


def test_more_series_than_allowed_are_refused_and_what_was_known_stays(watched: Watched) -> None:
    watched.follow()
    before = watched.held()
    for number in range(4):
        watched.run(f"more {number}", NOW, NOW + 900)
    with pytest.raises(PrometheusError, match=r"'x' matches more than exporter\.most_series 5 series"):
        watched.follow(10)
    assert {name: held[1:] for name, held in before.items() if name == "one"} == {name: held for name, held in watched.held().items() if name == "one"}
    del watched.prometheus.ranges["x"][2:]
    watched.follow(10)
    assert watched.held()["one"] == times(NOW - 580, NOW + 20)


def test_a_cold_read_that_fails_half_way_is_done_again(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    watched.prometheus.broken.add("timestamp(x)")
    with pytest.raises(PrometheusError):
        watched.follow()
    watched.prometheus.broken.clear()
    watched.follow(10)
    assert watched.held() == {"one": times(NOW - 590, NOW + 10), "two": times(NOW - 100, NOW + 10)}


def test_a_series_that_ended_is_held_for_a_day_and_then_forgotten() -> None:
    watched = Watched(settings=Exporter(window=Duration(3 * DAY), step=Duration(600), scrape_interval=Duration(600)))
    watched.run("ends", NOW - DAY, NOW)
    watched.run("lives", NOW - DAY, NOW + 2 * DAY)
    watched.follow()
    watched.follow(DAY - 600)
    assert set(watched.held()) == {"ends", "lives"}
    watched.follow(1200)
    assert set(watched.held()) == {"lives"}


def test_series_that_ended_long_ago_take_no_room() -> None:
    watched = Watched(settings=Exporter(window=Duration(3 * DAY), step=Duration(600), scrape_interval=Duration(600), most_series=2))
    for number in range(5):
        watched.run(f"ended {number}", NOW - 2 * DAY, NOW - 1.5 * DAY)
    watched.run("lives", NOW - DAY, NOW)
    watched.follow()
    assert set(watched.held()) == {"lives"}


def test_rings_of_queries_that_are_no_longer_watched_are_forgotten(watched: Watched) -> None:
    watched.follow()
    kept = watched.ring
    watched.memory.ring("y", SETTINGS)
    watched.memory.keep(["x"], SETTINGS)
    assert watched.memory.rings == {("x", 10.0, 61): kept}


@pytest.mark.parametrize(("span", "seconds", "parts"), [((0, 10), 10, [(0, 10)]), ((0, 25), 10, [(15, 25), (5, 15), (0, 5)]), ((5, 5), 10, [(5, 5)])])
def test_a_span_is_cut_from_its_end(span: tuple[float, float], seconds: float, parts: list[tuple[float, float]]) -> None:
    assert list(Span(*span).parts(seconds)) == [Span(*part) for part in parts]


@pytest.mark.parametrize(
    ("span", "seconds", "parts"),
    [
        ((1000, 30_000), 15_000, [(28_800, 30_000), (14_400, 28_800), (1000, 14_400)]),
        ((1000, 29_000), 15_000, [(21_600, 29_000), (7200, 21_600), (1000, 7200)]),
        ((1000, 16_000), 7000, [(9000, 16_000), (2000, 9000), (1000, 2000)]),
        ((28_800, 30_000), 15_000, [(28_800, 30_000)]),
    ],
)
def test_a_long_span_is_cut_where_prometheus_begins_chunks_and_the_newest_part_shows_all_that_is_live(
    span: tuple[float, float], seconds: float, parts: list[tuple[float, float]]
) -> None:
    assert list(Span(*span).whole_chunks(seconds)) == [Span(*part) for part in parts]
