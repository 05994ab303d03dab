"""Drift is told in words and counted, and ends when it is gone."""

from __future__ import annotations

from typing import Any

import msgspec

from exporter.observation import Looking, Sight
from exporter.observers.drift import OBSERVER
from homeostat.config import Config
from homeostat.units.facts import Container, File, Look, Settings, Unit

FORMER: Settings = {"Unit.Description": ("A web",), "Service.MemoryMax": ("256M",)}
RUNS = Unit(active=True, invocation="a", started_at=100.0, files=(File("/etc/systemd/system/web.service", 50.0),), declared=FORMER)


def read(unit: Unit | str, memory: Any = None) -> Sight:
    look = Look(unseen={"web": unit}) if isinstance(unit, str) else Look(units={"web": unit})
    # As it comes through root's door.
    facts = msgspec.json.decode(msgspec.json.encode(look), type=OBSERVER.facts)
    sight = OBSERVER.read(facts, Looking(Config(host="nas"), 1000.0, memory))
    assert msgspec.json.decode(msgspec.json.encode(sight.memory), type=OBSERVER.memory) == sight.memory
    return sight


def edited(**settings: tuple[str, ...]) -> Unit:
    said = FORMER | {name.replace("_", "."): values for name, values in settings.items()}
    return msgspec.structs.replace(RUNS, declared=said, files=(File("/etc/systemd/system/web.service", 500.0),))


def differences(sight: Sight) -> dict[tuple[str, str], float]:
    return {(metric.labels["kind"], metric.labels["severity"]): metric.value for metric in sight.metrics if metric.name == "drift_differences" and metric.value}


def test_an_edited_limit_is_major_drift_in_words_and_ends_when_it_is_taken_back() -> None:
    first = read(RUNS)
    assert (first.troubles, differences(first)) == ((), {})
    second = read(edited(Service_MemoryMax=("512M",)), first.memory)
    (trouble,) = second.troubles
    assert (trouble.problem, trouble.target, trouble.resource, trouble.severity) == ("config_drift_major", "web", "service", "warning")
    assert trouble.words == "MemoryMax 512M in the file, 256M in what runs"
    assert differences(second) == {("unit", "major"): 1}
    third = read(edited(), second.memory)
    assert (third.troubles, differences(third)) == ((), {})


def test_an_edited_description_is_minor_drift() -> None:
    (trouble,) = read(edited(Unit_Description=("The web",)), read(RUNS).memory).troubles
    assert (trouble.problem, trouble.severity, trouble.words) == ("config_drift_minor", "info", "Description The web in the file, A web in what runs")


def test_one_major_difference_makes_the_whole_major() -> None:
    (trouble,) = read(edited(Unit_Description=("The web",), Service_MemoryMax=("1G",)), read(RUNS).memory).troubles
    assert trouble.problem == "config_drift_major"
    assert trouble.words == "MemoryMax 1G in the file, 256M in what runs; Description The web in the file, A web in what runs"


def test_what_was_said_at_the_start_of_an_earlier_run_counts_no_more() -> None:
    memory = read(RUNS).memory
    restarted = msgspec.structs.replace(edited(Service_MemoryMax=("512M",)), invocation="b")
    (trouble,) = read(restarted, memory).troubles
    assert "what it said then is not known" in trouble.words


def test_what_cannot_be_seen_keeps_what_is_known_and_says_so() -> None:
    blind = read("podman does not answer", read(RUNS).memory)
    assert [(metric.name, metric.value) for metric in blind.metrics] == [("drift_observed", 0.0)]
    (trouble,) = read(edited(Service_MemoryMax=("512M",)), blind.memory).troubles
    assert trouble.words.startswith("MemoryMax")


def test_a_file_that_cannot_be_looked_at_counts_as_changed() -> None:
    (trouble,) = read(msgspec.structs.replace(RUNS, files=(File("/gone", None),))).troubles
    assert trouble.words.startswith("/gone was changed")


def test_a_retagged_image_is_drift_of_the_image() -> None:
    container = Container(name="web", image="box:1", image_id="a" * 64, tagged_id="b" * 64)
    assert differences(read(msgspec.structs.replace(RUNS, container=container))) == {("image", "major"): 1}


def test_long_words_are_cut() -> None:
    many = {f"Service_Setting{number}": ("x" * 50,) for number in range(50)}
    (trouble,) = read(edited(**many), read(RUNS).memory).troubles
    assert len(trouble.words) < 700
