"""A selftest's synthetic problem goes the way of every other, touches nothing else, and goes away by itself."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from exporter.collector import State, exposition, render, served
from exporter.cycle import Result, World, run
from exporter.ingest import former_assertions
from exporter.listing import of_target, soonest
from exporter.scorekeeper import Scorekeeper
from exporter.selftest import Selftest, Selftests
from homeostat.config import Config, loads
from homeostat.prometheus import Sample
from tests.exporter.fakes import NOW, FakeClock, FakePrometheus
from tests.exporter.test_cycle import DISK, MARKS, fill
from tests.exporter.test_cycle import prometheus as prometheus  # noqa: PLC0414 - a fixture
from tests.exporter.test_cycle import world as world  # noqa: PLC0414 - a fixture

if TYPE_CHECKING:
    import pathlib

MINE = 'homeostat_problem_confidence_ratio{host="own",problem="selftest",resource="selftest-7",target="selftest"}'


def during(world: World) -> World:
    """Return the world with a selftest of this host under way."""
    return dataclasses.replace(world, selftest=Selftest("own", world.clock.monotonic() + 15 * 60, "selftest-7"))


def two_cycles(world: World) -> Result:
    first = run(world, Result())
    world.clock.sleep(5)
    return run(world, first)


def page_of(result: Result, world: World) -> str:
    state = State(render(result), "own", reloaded=True, reloaded_at=NOW)
    return b"".join(exposition(state, world.clock.monotonic())).decode()


@pytest.mark.parametrize("settings", ["", "cycle: 1m", "window: 30d", "horizons: [5m]", "step: 1m", "window: 1m, step: 1s"])
def test_it_is_asserted_in_two_cycles_surely_and_is_no_emergency(prometheus: FakePrometheus, settings: str) -> None:
    config = loads(f"host: own\nexporter: {{{settings}}}", Config, "case.yml")
    world = during(World(config, prometheus, FakeClock(), {}))
    first = run(world, Result())
    assert [entry.asserted for entry in served(first, world.clock.monotonic())] == [False]
    world.clock.sleep(config.exporter.cycle)
    (entry,) = served(run(world, first), world.clock.monotonic())
    assert entry.asserted
    assertion = entry.prediction.standing.assertion
    assert assertion is not None
    # So that 0.30 of it lifts the rest over the strictest level.
    assert assertion.confidence > 0.9
    if "1s" not in settings:
        assert assertion.severity == "warning"


def test_it_stands_on_the_page_of_its_host_as_the_rules_read_it(world: World) -> None:
    assert f"\n{MINE} " in page_of(two_cycles(during(world)), world)


def test_what_is_past_its_time_is_off_the_page_with_the_next_cycle(world: World) -> None:
    result = two_cycles(during(world))
    world.clock.sleep(5)
    assert "selftest" not in page_of(run(world, result), world)


def test_the_mark_of_yesterdays_run_changes_nothing(prometheus: FakePrometheus, world: World) -> None:
    prometheus.instants[MARKS] = [Sample({"host": "own", "target": "selftest"}, NOW, NOW - 4)]
    assert f"\n{MINE} " in page_of(two_cycles(during(world)), world)


def test_others_are_forecast_as_without_it(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus)
    (with_it,) = of_target(served(two_cycles(during(world)), world.clock.monotonic()), None, "/srv")
    world.clock.sleep(-5)
    (without,) = of_target(served(two_cycles(world), world.clock.monotonic()), None, "/srv")
    assert with_it.prediction.forecast.probabilities == without.prediction.forecast.probabilities
    assert with_it.prediction.standing.assertion == without.prediction.standing.assertion


def test_it_is_neither_kept_nor_scored(prometheus: FakePrometheus, world: World, tmp_path: pathlib.Path) -> None:
    fill(prometheus)
    keeper = Scorekeeper(tmp_path)
    keeper.open(NOW)
    try:
        two_cycles(dataclasses.replace(during(world), scorekeeper=keeper))
        assert {course.key.problem for course in keeper._book.courses.values()} == {"disk_exhaustion"}
    finally:
        keeper.close()


def test_it_makes_no_host_known_that_nothing_else_is_read_of(prometheus: FakePrometheus, world: World) -> None:
    elsewhere = dataclasses.replace(world, selftest=Selftest("elsewhere", 15 * 60 * 10, "selftest-7"))
    assert set(two_cycles(elsewhere).successes) == {"own"}


def test_a_restart_does_not_recall_it(prometheus: FakePrometheus) -> None:
    former_assertions(prometheus)
    assert 'problem!="selftest"' in prometheus.asked[-1]


def test_who_asks_what_runs_out_first_is_not_told_of_it(prometheus: FakePrometheus, world: World) -> None:
    fill(prometheus, labels=DISK)
    entries = served(two_cycles(during(world)), world.clock.monotonic())
    assert {entry.prediction.reading.key.target for entry in entries} == {"/srv", "selftest"}
    assert [entry.prediction.reading.key.target for entry in soonest(entries, None)] == ["/srv"]


def test_one_at_a_time_and_not_one_after_the_other() -> None:
    tests = Selftests()
    assert tests.begin("own", {"own", "box"}, 60, 1000) is None
    assert "under way" in str(tests.begin("box", {"own", "box"}, 60, 1010))
    tests.end("box", 1010)
    assert tests.current(1011) is not None
    tests.end("own", 1020)
    assert tests.current(1021) is None
    assert "another may begin in 80 s" in str(tests.begin("own", {"own"}, 60, 1120))
    assert tests.begin("own", {"own"}, 60, 1200) is None


def test_what_alertmanager_told_of_the_last_one_is_not_the_next_one() -> None:
    tests, resources = Selftests(), set()
    for begun_at in range(1000, 1900, 4):
        assert tests.begin("own", {"own"}, 1, begun_at) is None
        (current,) = filter(None, [tests.current(begun_at)])
        resources.add(current.resource)
        tests.end("own", begun_at)
    assert len(resources) == 900 / 4


@pytest.mark.parametrize(("cycle_seconds", "minutes"), [(60, 15), (300, 35)])
def test_it_ends_by_itself_after_a_quarter_of_an_hour_or_what_slow_cycles_need(cycle_seconds: float, minutes: float) -> None:
    tests = Selftests()
    tests.begin("own", {"own"}, cycle_seconds, 1000)
    assert tests.current(1000 + minutes * 60 - 1) is not None
    assert tests.current(1000 + minutes * 60) is None


def test_a_host_that_is_not_watched_is_told_so() -> None:
    with pytest.raises(ValueError, match="it watches box, own"):
        Selftests().begin("stranger", {"own", "box"}, 60, 0)
