"""Host observers at work: each looks in its own time, remembers, and says when it does not see."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter import observing, sights
from exporter.collector import State, exposition, render, served
from exporter.cycle import Result, World, run
from exporter.observation import Happened, Look, Looking, Metric, NotSeen, Observer, Sight, Trouble
from exporter.observing import Observing, take
from homeostat.clock import SystemClock
from homeostat.config import Config
from homeostat.config.observers import DriftObserver, Observers
from homeostat.config.types import Assertion, Exporter
from homeostat.config.units import Duration
from homeostat.prometheus import Sample
from tests.exporter.fakes import NOW, FakeClock, FakePrometheus

if TYPE_CHECKING:
    import pathlib

DOWN = Trouble("service_down", "redis", "service", 0.95, "warning", "redis.service failed: exit code 1")
KEY = {"problem": "service_down", "host": "nas", "target": "redis", "resource": "service"}


class Count(msgspec.Struct, frozen=True):
    """How often it looked."""

    looks: int = 0


class Facts(msgspec.Struct, frozen=True):
    """Whether the service is down."""

    down: bool = True


def _read(facts: Facts, looking: Looking) -> Sight:
    memory = Count((looking.memory or Count()).looks + 1)
    return Sight(
        metrics=(Metric("service_up", float(not facts.down), {"target": "redis"}),),
        troubles=(DOWN,) if facts.down else (),
        events=(Happened(looking.now, "redis", "restart", "redis was restarted"),),
        memory=memory,
    )


def observer(gather: Any = lambda _: Facts()) -> Observer:
    return Observer(help={"service_up": "Whether a service runs."}, facts=Facts, gather=gather, read=_read, memory=Count)


def config(directory: pathlib.Path | None = None, **observers: Any) -> Config:
    settings = Exporter(observers=Observers(**observers), state_directory=str(directory) if directory else None, assertion=Assertion(cycles=2), forecast=False)
    return Config(host="nas", exporter=settings)


def looked(clock: FakeClock, *, last: Look | None = None, gather: Any = lambda _: Facts()) -> Look:
    return take(observer(gather), Looking(config(), clock.now()), last or Look(60.0), (60.0, clock))


def samples(look: Look, monotonic_now: float) -> dict[tuple[str, ...], float]:
    text = b"".join(sights.exposition({"services": look}, {"services": observer()}, "nas", monotonic_now)).decode()
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    assert all(sample.labels["host"] == "nas" for sample in found)
    return {(sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "host")): sample.value for sample in found}


def test_what_a_look_saw_is_exposed_with_its_host_and_for_two_periods_only() -> None:
    clock = FakeClock()
    look = looked(clock)
    assert samples(look, clock.monotonic() + 120)["homeostat_service_up", "redis"] == 0
    later = samples(look, clock.monotonic() + 121)
    assert ("homeostat_service_up", "redis") not in later
    assert later["homeostat_observer_last_success_timestamp_seconds", "services"] == NOW


def _blind(_: Looking) -> Facts:
    raise NotSeen("systemd does not answer")


def _broken(_: Looking) -> Facts:
    raise KeyError("oh")


@pytest.mark.parametrize(("gather", "reason"), [(_blind, "systemd does not answer"), (_broken, "a fault of our own: KeyError: 'oh'")])
def test_an_observer_that_does_not_see_leaves_what_was_seen_and_says_why(gather: Any, reason: str) -> None:
    clock = FakeClock()
    first = looked(clock)
    clock.sleep(60)
    second = looked(clock, last=first, gather=gather)
    assert (second.sight, second.looked_at, second.fault) == (first.sight, first.looked_at, reason)
    assert samples(second, clock.monotonic())["homeostat_observer_up", "services"] == 0


def test_a_trouble_is_asserted_when_two_looks_saw_it_however_many_cycles_saw_the_first() -> None:
    clock, prometheus = FakeClock(), FakePrometheus()
    world = World(config(), prometheus, clock, {}, looks={"services": looked(clock)})  # type: ignore[arg-type]
    result = Result()
    for _ in range(3):
        result = run(world, result)
        assert [entry.asserted for entry in served(result, clock.monotonic())] == [False]
        clock.sleep(10)
    clock.sleep(30)
    result = run(World(config(), prometheus, clock, {}, looks={"services": looked(clock)}), result)  # type: ignore[arg-type]
    (entry,) = served(result, clock.monotonic())
    assert entry.asserted
    assert entry.prediction.forecast.explanation == DOWN.words
    state = State(render(result), "nas", reloaded=True, reloaded_at=NOW)
    text = b"".join(exposition(state, clock.monotonic())).decode()
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    assert {sample.name: sample.value for sample in found if sample.labels == KEY}["homeostat_problem_confidence_ratio"] == 0.95


def test_what_is_no_longer_seen_is_asserted_no_longer() -> None:
    clock, prometheus = FakeClock(), FakePrometheus()
    result = Result()
    for down in (True, True, False):
        look = looked(clock, gather=lambda _, down=down: Facts(down))
        result = run(World(config(), prometheus, clock, {}, looks={"services": look}), result)  # type: ignore[arg-type]
        asserted = [entry for entry in served(result, clock.monotonic()) if entry.asserted]
        clock.sleep(60)
    assert not asserted


def test_a_look_that_is_too_old_asserts_nothing() -> None:
    clock, prometheus = FakeClock(), FakePrometheus()
    result = Result()
    for _ in range(2):
        look = looked(clock)
        result = run(World(config(), prometheus, clock, {}, looks={"services": look}), result)  # type: ignore[arg-type]
        clock.sleep(60)
    assert [entry.asserted for entry in served(result, clock.monotonic())] == [True]
    clock.sleep(61)
    assert [entry.asserted for entry in served(result, clock.monotonic())] == [False]


def observed(settings: Config, **observers: Observer) -> Observing:
    return Observing(observers, lambda: settings, SystemClock())


def until(seen: threading.Event) -> None:
    assert seen.wait(60)


def test_an_observer_remembers_over_a_restart_and_begins_anew_with_what_cannot_be_read(tmp_path: pathlib.Path) -> None:
    settings = config(tmp_path, drift=DriftObserver(every=Duration(0.01)))
    memories: list[Any] = []
    thrice = threading.Event()

    def gather(looking: Looking) -> Facts:
        memories.append(looking.memory)
        if len(memories) % 3 == 0:
            thrice.set()
        return Facts()

    for beginning in (None, "remembered", None):
        thrice.clear()
        memories.clear()
        at_work = observed(settings, drift=observer(gather))
        at_work.start()
        until(thrice)
        at_work.close()
        kept = tmp_path / "observers/drift.json"
        assert (memories[0] is None) == (beginning is None)
        assert memories[1] == Count((memories[0] or Count()).looks + 1)
        if beginning == "remembered":
            kept.write_text("{half")


def test_what_is_remembered_outlives_a_first_look_after_a_restart_that_does_not_see(tmp_path: pathlib.Path) -> None:
    settings = config(tmp_path, drift=DriftObserver(every=Duration(0.01)))
    kept = tmp_path / "observers/drift.json"
    kept.parent.mkdir()
    kept.write_text('{"looks":7}')
    memories: list[Any] = []
    twice = threading.Event()

    def gather(looking: Looking) -> Facts:
        memories.append(looking.memory)
        if len(memories) == 1:
            raise NotSeen("root does not answer")
        twice.set()
        return Facts()

    at_work = observed(settings, drift=observer(gather))
    at_work.start()
    until(twice)
    at_work.close()
    assert memories[:2] == [Count(7), Count(7)]


def test_one_observer_that_hangs_keeps_no_other_waiting_and_one_that_is_off_does_not_look() -> None:
    hung, seen = threading.Event(), threading.Event()

    def hangs(_: Looking) -> Facts:
        hung.wait(10)
        return Facts()

    def sees(_: Looking) -> Facts:
        seen.set()
        return Facts()

    settings = config(drift=DriftObserver(enabled=False))
    at_work = observed(settings, services=observer(hangs), deployments=observer(sees), drift=observer(sees))
    at_work.start()
    until(seen)
    assert "drift" not in at_work.looks()
    hung.set()
    at_work.close()


def test_what_was_asserted_before_a_restart_is_asserted_by_the_first_look_even_if_that_comes_some_cycles_later() -> None:
    clock, prometheus = FakeClock(), FakePrometheus()
    former = 'max by (problem, host, target, resource) (last_over_time(homeostat_problem_confidence_ratio{problem!="selftest"}[5m]))'
    prometheus.instants[former] = [Sample(KEY, NOW, 0.95)]
    result = Result()
    for look in (Look(600.0), Look(600.0), looked(clock)):
        result = run(World(config(), prometheus, clock, {}, looks={"services": look}), result)  # type: ignore[arg-type]
        clock.sleep(1)
    assert [entry.asserted for entry in served(result, clock.monotonic())] == [True]


def test_an_observer_that_is_switched_off_tells_nothing_at_once_and_one_that_is_switched_on_looks_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observing, "_NOTICED_SECONDS", 0.01)
    seen = threading.Event()

    def sees(_: Looking) -> Facts:
        seen.set()
        return Facts()

    settings = [config(drift=DriftObserver(every=Duration(86_400)))]
    at_work = Observing({"drift": observer(sees)}, lambda: settings[0], SystemClock())
    at_work.start()
    until(seen)
    seen.clear()
    settings[0] = config(drift=DriftObserver(every=Duration(86_400), enabled=False))
    assert at_work.looks() == {}
    settings[0] = config(drift=DriftObserver(every=Duration(80_000)))
    until(seen)
    at_work.close()


def test_an_observer_whose_memory_may_not_be_looked_for_begins_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    def denied(_: pathlib.Path, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    seen = threading.Event()
    at_work = observed(config(tmp_path), drift=observer(lambda _: seen.set() or Facts()))
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.stat", denied)
        patched.setattr("pathlib.Path.read_bytes", denied)
        at_work.start()
        until(seen)
        at_work.close()
