"""Observer `pressure`: what the kernel tells of waiting and of memory becomes metrics, and a problem beyond the thresholds."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.observation import Looking
from exporter.observers.pressure import OBSERVER, Facts
from homeostat import pressure
from homeostat.config import Config
from homeostat.config.observers import Observers, PressureObserver
from homeostat.config.types import Exporter
from homeostat.pressure import Memory, Share, Waiting, parse_memory, parse_waiting

PSI = "some avg10=12.50 avg60=3.00 avg300=0.81 total=797869751\nfull avg10=7.00 avg60=1.50 avg300=0.29 total=169728274\n"
MEMINFO = "MemTotal:         738300 kB\nMemFree:          605072 kB\nMemAvailable:     579104 kB\n"


def looking(**settings: Any) -> Looking:
    return Looking(Config(host="nas", exporter=Exporter(observers=Observers(pressure=PressureObserver(**settings)))), 1_700_000_000.0)


def facts(available: float, stalled: float | None) -> Facts:
    memory = Memory(available_bytes=round(available * 1000), total_bytes=1000)
    waiting = {} if stalled is None else {"memory": Waiting(some=Share(of_minute=2 * stalled), full=Share(of_minute=stalled))}
    return Facts(memory=memory, waiting=waiting)


def test_what_the_kernel_writes_is_read_as_shares_and_bytes() -> None:
    assert parse_waiting(PSI) == Waiting(some=Share(of_ten_seconds=0.125, of_minute=0.03), full=Share(of_ten_seconds=0.07, of_minute=0.015))
    assert parse_memory(MEMINFO) == Memory(available_bytes=579104 * 1024, total_bytes=738300 * 1024)


def test_an_older_kernel_tells_of_the_processor_only_what_some_waited() -> None:
    assert parse_waiting(PSI.splitlines()[0]).full == Share()


@pytest.mark.parametrize("text", ["", "some", "some avg10=1", "some avg10=x avg60=1", "full avg10=1.0 avg60=1.0"])
def test_what_is_no_pressure_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_waiting(text)


@pytest.mark.parametrize("text", ["", "MemTotal: 1 kB", "MemTotal: 0 kB\nMemAvailable: 0 kB", "MemTotal:\nMemAvailable:", "MemTotal: a\nMemAvailable: b"])
def test_what_is_no_memory_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_memory(text)


def test_a_host_at_ease_has_metrics_and_no_trouble() -> None:
    sight = OBSERVER.read(facts(0.5, 0.01), looking())
    assert {(each.name, *each.labels.values()): each.value for each in sight.metrics} == {
        ("memory_available_ratio",): 0.5, ("pressure_waiting_ratio", "memory"): 0.02, ("pressure_stalled_ratio", "memory"): 0.01,
    }  # fmt: skip
    assert sight.troubles == ()


@pytest.mark.parametrize(
    ("available", "stalled", "severity", "words"),
    [
        (0.5, 0.2, "warning", "for 20% of the last minute all work waited for memory (more than 10%)"),
        (0.04, 0.0, "warning", "only 4.0% of the memory is available (less than 5%)"),
        (0.04, 0.2, "critical", "for 20% of the last minute all work waited for memory (more than 10%), and only 4.0% of the memory is available (less than 5%)"),
        (0.04, None, "warning", "only 4.0% of the memory is available (less than 5%)"),
    ],
)
def test_too_much_waiting_or_too_little_memory_is_a_problem_of_the_host(available: float, stalled: float | None, severity: str, words: str) -> None:
    (trouble,) = OBSERVER.read(facts(available, stalled), looking()).troubles
    assert (trouble.problem, trouble.target, trouble.resource, trouble.severity, trouble.words) == ("resource_pressure", "nas", "memory", severity, words)


def test_the_thresholds_are_the_owners() -> None:
    assert OBSERVER.read(facts(0.5, 0.2), looking(memory_stalled=0.2)).troubles == ()
    assert OBSERVER.read(facts(0.5, 0.0), looking(memory_available=0.6)).troubles != ()


def test_this_very_host_is_looked_at() -> None:
    seen = OBSERVER.gather(looking())
    assert 0 < seen.memory.available_ratio <= 1
    assert set(seen.waiting) <= set(pressure.RESOURCES)
