"""What is started with another unit or another image than before is a deployment; the first look sees none."""

from __future__ import annotations

from typing import Any

import msgspec

from exporter.observation import Looking, Sight
from exporter.observers.deployments import OBSERVER
from homeostat.config import Config
from homeostat.config.catalogue import Service
from homeostat.units.facts import Container, File, Look, Unit

NOW = 10_000_000.0
CONFIG = Config(host="nas", services={"web": Service(manager="systemd", unit="web.service")})
IMAGE = Container(name="web", image="box:1", image_id="a" * 64, tagged_id="a" * 64, image_created_at=5.0)
FIRST = Unit(active=True, invocation="a", started_at=100.0, files=(File("/etc/web", 50.0),), declared={"Service.User": ("a",)}, container=IMAGE)


def read(unit: Unit | None, memory: Any = None, now: float = NOW) -> Sight:
    look = Look(units={"web": unit} if unit is not None else {})
    facts = msgspec.json.decode(msgspec.json.encode(look), type=OBSERVER.facts)
    return OBSERVER.read(facts, Looking(CONFIG, now, memory))


def since(sight: Sight) -> dict[str, float]:
    return {metric.labels["what"]: metric.value for metric in sight.metrics if metric.name == "deployment_timestamp_seconds"}


def changed(unit: Unit, **fields: Any) -> Unit:
    return msgspec.structs.replace(unit, **fields)


def test_the_first_look_ever_is_no_deployment() -> None:
    sight = read(FIRST)
    assert (since(sight), sight.events) == ({}, ())
    assert [(metric.name, metric.value) for metric in sight.metrics] == [("image_created_timestamp_seconds", 5.0)]


def test_a_restart_of_the_same_is_no_deployment() -> None:
    assert since(read(changed(FIRST, invocation="b", started_at=NOW - 9), read(FIRST).memory)) == {}


def test_another_image_is_one_from_when_it_was_started_and_stays_told() -> None:
    other = changed(FIRST, invocation="b", started_at=NOW - 9, container=changed(IMAGE, image_id="b" * 64))
    sight = read(other, read(FIRST).memory)
    assert since(sight) == {"image": NOW - 9}
    assert [(event.at, event.target, event.kind, event.words) for event in sight.events] == [
        (NOW - 9, "web", "deployment", f"web was started with its image changed: {'a' * 12} before, {'b' * 12} now")
    ]
    later = read(other, sight.memory, NOW + 60)
    assert (since(later), later.events) == (since(sight), sight.events)


def test_an_edited_unit_is_one_when_it_is_started_and_not_before() -> None:
    memory = read(FIRST).memory
    written = changed(FIRST, declared={"Service.User": ("b",)}, files=(File("/etc/web", NOW - 60),))
    waiting = read(written, memory)
    assert since(waiting) == {}
    started = read(changed(written, invocation="b", started_at=NOW - 9), waiting.memory)
    assert since(started) == {"unit": NOW - 9}


def test_a_unit_that_podmans_generator_tells_otherwise_while_it_runs_on_was_not_deployed() -> None:
    upgraded = read(changed(FIRST, command={"--sdnotify": ("healthy",)}), read(FIRST).memory)
    assert (since(upgraded), upgraded.events) == ({}, ())
    again = read(changed(FIRST, command={"--sdnotify": ("healthy",)}, invocation="b", started_at=NOW - 9), upgraded.memory)
    assert since(again) == {}


def test_what_is_stopped_for_a_while_is_remembered_and_what_left_the_catalogue_is_not() -> None:
    stopped = read(changed(FIRST, active=False, container=changed(IMAGE, running=False)), read(FIRST).memory)
    assert since(read(changed(FIRST, started_at=NOW, container=changed(IMAGE, image_id="b" * 64)), stopped.memory)) == {"image": NOW}
    gone = OBSERVER.read(Look(), Looking(Config(host="nas"), NOW, read(FIRST).memory))
    assert gone.memory.images == {}


def test_a_deployment_is_told_for_thirty_days() -> None:
    sight = read(changed(FIRST, started_at=NOW - 9, container=changed(IMAGE, image_id="b" * 64)), read(FIRST).memory)
    assert read(None, sight.memory, NOW + 31 * 86400).events == ()
