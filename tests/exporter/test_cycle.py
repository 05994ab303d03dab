"""Cycles against a Prometheus that answers from memory: what is asked, judged, kept and forgotten."""

from __future__ import annotations

import math

import pytest

import exporter.targets
from exporter.collector import served
from exporter.cycle import Result, World, run
from exporter.model import Target
from homeostat.config import Config, loads
from homeostat.discovery import discover
from homeostat.prometheus import Sample
from tests.exporter.fakes import NOW, FakeClock, FakePrometheus

CONFIG = """
host: own
exporter:
  cycle: 5s
  scrape_interval: 2s
  window: 2m
  step: 2s
  horizons: [1m, 10m]
  targets:
    filesystem: {query: free, size_query: size, action_horizon: 10m}
    service_memory: {query: rss, limit_bytes: 1GB, action_horizon: 10m}
    custom: [{name: pool, query: pool, limit: 100, problem: pool_exhaustion, resource: pool, target: pool, action_horizon: 10m}]
"""
DISK = {"__name__": "free", "instance": "box:9100", "mountpoint": "/srv", "device": "x"}
MARKS = (
    "max by (host, target) ((homeostat_action_last_timestamp_seconds <= time()) or "
    'label_replace(max_over_time((homeostat_action_last_timestamp_seconds <= time())[2m:2s]), "seen", "before", "", ""))'
)
FORMER = 'max by (problem, host, target, resource) (last_over_time(homeostat_problem_confidence_ratio{problem!="selftest"}[5m]))'


@pytest.fixture
def prometheus() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
def world(prometheus: FakePrometheus) -> World:
    targets = discover(exporter.targets, "TARGET", Target)
    return World(loads(CONFIG, Config, "case.yml"), prometheus, FakeClock(), targets)


def fill(prometheus: FakePrometheus, until: float = NOW, labels: dict[str, str] = DISK, start: float = 0.0) -> None:
    """Fill a disk of 1000 B from some 400 B free by 1.2 B a second, sampled until `until`."""
    prometheus.instants["size"] = [Sample({**labels, "__name__": "size"}, until, 1000.0)]
    prometheus.put("free", labels, [(until - back, 250 + 1.2 * back + start) for back in range(118, -1, -2)])


def again(prometheus: FakePrometheus, world: World, last: Result, seconds: float = 2) -> Result:
    """Run a cycle `seconds` later, in which the disk has gone on filling."""
    world.clock.sleep(seconds)
    prometheus.ranges["free"].clear()
    fill(prometheus, until=world.clock.now())
    return run(world, last)


def confidences(result: Result, world: World) -> dict[str, float]:
    entries = served(result, world.clock.monotonic())
    return {
        entry.prediction.reading.key.target: entry.prediction.standing.assertion.confidence
        for entry in entries
        if entry.asserted
    }


def reasons(result: Result) -> dict[str, str | None]:
    return {
        entry.reading.key.target: entry.forecast.reason
        for answer in result.answers.values()
        for entry in answer.predictions
    }


def test_a_filling_disk_is_a_problem_in_the_second_cycle(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    first = run(world, Result())
    assert confidences(first, world) == {}
    second = again(prometheus, world, first)
    assert confidences(second, world)["/srv"] > 0.9
    assert second.prometheus_up


def test_one_sample_seen_by_two_cycles_is_evidence_once(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    first = run(world, Result())
    world.clock.sleep(1)
    seen_again = run(world, first)
    assert reasons(seen_again) == {"/srv": None}
    assert confidences(seen_again, world) == {}
    assert confidences(again(prometheus, world, seen_again, 1), world)["/srv"] > 0.9


def test_an_assertion_stands_while_its_sample_is_fresh(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    result = again(prometheus, world, run(world, Result()))
    world.clock.sleep(1)
    assert confidences(run(world, result), world)["/srv"] > 0.9


def test_evidence_before_and_after_missed_cycles_is_not_in_a_row(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    first = run(world, Result())
    assert confidences(again(prometheus, world, first, 25), world) == {}


def test_a_series_that_comes_more_rarely_than_configured_is_fresh_for_two_of_its_own_intervals(prometheus: FakePrometheus) -> None:
    config = loads(CONFIG.replace("window: 2m\n  step: 2s", "window: 20m\n  step: 20s"), Config, "case.yml")
    world = World(config, prometheus, FakeClock(), discover(exporter.targets, "TARGET", Target))
    fill(prometheus)
    result = run(world, Result())
    for _ in range(2):
        world.clock.sleep(5)
        result = run(world, result)
    assert reasons(result) == {"/srv": "stale"}
    result = again(prometheus, world, result, 5)
    for _ in range(4):
        world.clock.sleep(5)
        result = run(world, result)
        assert reasons(result) != {"/srv": "stale"}
    world.clock.sleep(1)
    assert reasons(run(world, result)) == {"/srv": "stale"}


def test_a_series_that_turned_to_nan_grows_old(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    result = again(prometheus, world, run(world, Result()))
    for _ in range(3):
        world.clock.sleep(2)
        prometheus.put("free", DISK, [(world.clock.now(), math.nan)])
        prometheus.ranges["free"] = prometheus.ranges["free"][-1:]
        result = run(world, result)
    assert result.answers["filesystem"].predictions[0].reading.age_seconds == 6
    assert reasons(result) == {"/srv": "stale"}
    assert confidences(result, world) == {}


def test_what_was_not_read_is_named_and_logged_once_each_time_it_begins(prometheus: FakePrometheus, world: World, caplog: pytest.LogCaptureFixture) -> None:
    prometheus.broken.add("pool")
    result = run(world, run(world, Result()))
    assert result.unread == ("custom pool",)
    assert caplog.text.count("target custom pool not read") == 1
    prometheus.broken.clear()
    read = run(world, result)
    assert read.unread == ()
    prometheus.broken.add("pool")
    world.clock.sleep(1)
    run(world, read)
    assert caplog.text.count("target custom pool not read") == 2


def test_success_is_reported_for_every_watched_host_and_the_own(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    assert run(world, Result()).successes == {"own": NOW, "box": NOW}


def test_what_was_asserted_before_a_restart_stands_in_the_first_cycle(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    key = {"problem": "disk_exhaustion", "host": "box", "target": "/srv", "resource": "filesystem"}
    prometheus.instants[FORMER] = [Sample(key, NOW, 0.9)]
    result = run(world, Result())
    assert confidences(result, world)["/srv"] > 0.9
    assert result.successes


def test_a_former_assertion_without_evidence_is_not_revived(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus, start=600.0)
    key = {"problem": "disk_exhaustion", "host": "box", "target": "/srv", "resource": "filesystem"}
    prometheus.instants[FORMER] = [Sample(key, NOW, 0.9)]
    assert confidences(run(world, Result()), world) == {}


def test_former_assertions_are_asked_until_a_cycle_was_complete_and_never_again(
    prometheus: FakePrometheus, world: World
) -> None:
    prometheus.down = True
    failed = run(world, Result())
    assert failed.successes == {}
    prometheus.down = False
    complete = run(world, failed)
    prometheus.asked.clear()
    run(world, complete)
    assert FORMER not in prometheus.asked
    assert MARKS in prometheus.asked


def test_an_action_s_mark_begins_a_new_regime_for_its_target_only(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    fill(prometheus, labels={**DISK, "mountpoint": "/home"})
    prometheus.instants["size"].append(Sample({**DISK, "__name__": "size"}, NOW, 1000.0))
    prometheus.instants[MARKS] = [Sample({"host": "box", "target": "/srv"}, NOW, NOW - 10)]
    assert reasons(run(world, Result())) == {"/srv": "not_enough_data", "/home": None}


def test_data_older_than_two_scrapes_asserts_nothing(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    result = again(prometheus, world, run(world, Result()))
    world.clock.sleep(5)
    stale = run(world, result)
    assert reasons(stale) == {"/srv": "stale"}
    assert confidences(stale, world) == {}


def test_the_age_is_the_raw_sample_s_though_the_range_repeats_it(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    prometheus.instants["timestamp(free)"] = [Sample(DISK, NOW, NOW - 60)]
    result = run(world, Result())
    assert result.answers["filesystem"].predictions[0].reading.age_seconds == 60
    assert reasons(result) == {"/srv": "stale"}


def test_a_series_of_nothing_but_nan_is_no_reading_and_single_ones_are_left_out(
    prometheus: FakePrometheus, world: World
) -> None:
    fill(prometheus)
    prometheus.put("rss", {"job": "a", "instance": "box:1"}, [(NOW - 2, math.nan), (NOW, math.nan)])
    prometheus.put("rss", {"job": "b", "instance": "box:2"}, [(NOW - 4, 1.0), (NOW - 2, math.inf), (NOW, math.nan)])
    result = run(world, Result())
    assert [entry.reading.key.target for entry in result.answers["service-memory"].predictions] == ["b"]
    assert result.answers["service-memory"].predictions[0].reading.series.values.tolist() == [1.0]


def test_of_two_processes_of_one_service_the_fuller_counts(prometheus: FakePrometheus, world: World) -> None:
    for port, level in ((1, 2e8), (2, 5e8), (3, 3e8)):
        prometheus.put("rss", {"job": "web", "instance": f"box:{port}"}, [(NOW, level)])
    [prediction] = run(world, Result()).answers["service-memory"].predictions
    assert prediction.reading.usage_ratio == 0.5


def test_a_process_that_is_gone_does_not_hide_the_one_that_took_its_place(prometheus: FakePrometheus, world: World) -> None:
    prometheus.put("rss", {"job": "web", "instance": "box:1"}, [(NOW - 60, 9e8)])
    prometheus.put("rss", {"job": "web", "instance": "box:2"}, [(NOW, 2e8)])
    [prediction] = run(world, Result()).answers["service-memory"].predictions
    assert prediction.reading.usage_ratio == 0.2


def test_a_refused_query_costs_only_its_own_target(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    prometheus.broken.add("pool")
    result = again(prometheus, world, run(world, Result()))
    assert confidences(result, world)["/srv"] > 0.9
    assert result.prometheus_up
    assert result.errors == {"recall": 0, "read": 2, "score": 0, "cycle": 0}
    assert result.successes == {}


def test_without_prometheus_an_assertion_is_served_for_two_cycles_and_a_forecast_for_ten(
    prometheus: FakePrometheus, world: World
) -> None:
    fill(prometheus)
    result = again(prometheus, world, run(world, Result()))
    prometheus.down = True
    world.clock.sleep(10)
    result = run(world, result)
    assert not result.prometheus_up
    assert result.errors["recall"] == 1
    assert confidences(result, world)["/srv"] > 0.9
    world.clock.sleep(0.1)
    [entry] = served(result, world.clock.monotonic())
    assert not entry.asserted
    assert entry.waited_seconds == pytest.approx(10.1)
    world.clock.sleep(39.8)
    assert len(served(result, world.clock.monotonic())) == 1
    world.clock.sleep(0.2)
    assert served(result, world.clock.monotonic()) == []


def test_after_a_long_outage_evidence_must_last_anew(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    result = again(prometheus, world, run(world, Result()))
    prometheus.down = True
    result = run(world, result)
    prometheus.down = False
    world.clock.sleep(60)
    first = again(prometheus, world, result, 0)
    assert confidences(first, world) == {}
    assert confidences(again(prometheus, world, first), world)["/srv"] > 0.9
