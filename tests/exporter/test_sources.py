"""Two sources show the memory of one service: the preferred one counts, as long as it is alive."""

from __future__ import annotations

import pytest

import exporter.targets
from exporter.collector import served
from exporter.cycle import Result, World, run
from exporter.model import Target
from homeostat.config import Config, loads
from homeostat.discovery import discover
from tests.exporter.fakes import NOW, FakeClock, FakePrometheus

CONFIG = """
host: own
exporter:
  cycle: 5s
  scrape_interval: 2s
  window: 2m
  step: 2s
  horizons: [10m]
  targets:
    service_memory:
      sources: [{query: cgroup, target_label: name}, {query: process}]
      limit_bytes: 1000B
      action_horizon: 10m
"""


@pytest.fixture
def prometheus() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
def world(prometheus: FakePrometheus) -> World:
    return World(loads(CONFIG, Config, "case.yml"), prometheus, FakeClock(), discover(exporter.targets, "TARGET", Target))


def put(prometheus: FakePrometheus, query: str, label: str, value: float, until: float = NOW) -> None:
    prometheus.put(query, {"instance": "box:1", label: "web"}, [(until - back, value) for back in range(118, -1, -2)])


def usage(world: World, result: Result) -> list[float]:
    return [entry.prediction.reading.usage_ratio for entry in served(result, world.clock.monotonic())]


def test_the_preferred_source_counts_whatever_the_other_says(prometheus: FakePrometheus, world: World) -> None:
    put(prometheus, "cgroup", "name", 300.0)
    put(prometheus, "process", "job", 900.0)
    result = run(world, Result())
    assert usage(world, result) == [0.3]
    assert sum(len(answer.predictions) for answer in result.answers.values()) == 1


def test_a_problem_that_the_preferred_source_shows_lasts_though_the_other_shows_none(prometheus: FakePrometheus, world: World) -> None:
    put(prometheus, "cgroup", "name", 1200.0)
    put(prometheus, "process", "job", 100.0)
    first = run(world, Result())
    world.clock.sleep(2)
    prometheus.ranges.clear()
    put(prometheus, "cgroup", "name", 1200.0, until=NOW + 2)
    put(prometheus, "process", "job", 100.0, until=NOW + 2)
    result = run(world, first)
    [entry] = served(result, world.clock.monotonic())
    assert entry.asserted


def test_the_other_one_counts_where_the_preferred_is_no_more(prometheus: FakePrometheus, world: World) -> None:
    put(prometheus, "cgroup", "name", 300.0, until=NOW - 60)
    put(prometheus, "process", "job", 900.0)
    assert usage(world, run(world, Result())) == [0.9]


def test_a_service_that_both_have_lost_is_still_shown_once(prometheus: FakePrometheus, world: World) -> None:
    put(prometheus, "cgroup", "name", 300.0, until=NOW - 60)
    put(prometheus, "process", "job", 900.0, until=NOW - 60)
    assert usage(world, run(world, Result())) == [0.3]
