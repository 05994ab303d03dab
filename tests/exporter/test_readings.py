"""What a series is measured by, and which names are refused, seen in whole cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import exporter.targets
from exporter.collector import served
from exporter.cycle import Result, World, run
from exporter.model import Target
from exporter.readings import MOST_LETTERS
from homeostat.config import Config, loads
from homeostat.discovery import discover
from homeostat.prometheus import Sample
from tests.exporter.fakes import NOW, FakeClock, FakePrometheus

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG = """
host: own
exporter:
  cycle: 5s
  scrape_interval: 2s
  window: 2m
  step: 2s
  horizons: [1m]
  targets:
    filesystem: {query: free, size_query: size}
    inodes: {query: free, size_query: size}
    backup: {query: free, size_query: size, filesystems: [{mountpoint: /srv, shared: true}]}
"""


def usages(*mounts: tuple[Mapping[str, str], float, float]) -> dict[tuple[str, str], float]:
    """Return the usage of each target and resource, of mounts with labels, size and what is free of it."""
    prometheus = FakePrometheus()
    labelled = [({"instance": "box:9100", **labels}, size, free) for labels, size, free in mounts]
    prometheus.instants["size"] = [Sample({"__name__": "size", **labels}, NOW, size) for labels, size, _ in labelled]
    for labels, _, free in labelled:
        prometheus.put("free", {"__name__": "free", **labels}, [(NOW - back, free) for back in range(118, -1, -2)])
    world = World(loads(CONFIG, Config, "case.yml"), prometheus, FakeClock(), discover(exporter.targets, "TARGET", Target))
    readings = [entry.prediction.reading for entry in served(run(world, Result()), world.clock.monotonic())]
    return {(reading.key.target, reading.key.resource): reading.usage_ratio for reading in readings}


def test_two_mounts_at_one_mountpoint_are_each_measured_by_the_size_of_their_own_device() -> None:
    small = {"device": "/dev/sda1", "mountpoint": "/srv"}, 100.0, 55.0
    large = {"device": "/dev/sdb1", "mountpoint": "/srv"}, 1000.0, 730.0
    expected = {("/srv", "filesystem"): 0.5, ("/srv", "inodes"): 45 / 95, ("/srv", "backup"): 0.5}
    assert usages(small, large) == usages(large, small) == pytest.approx(expected)


def test_queries_without_a_device_match_by_instance_and_mountpoint() -> None:
    assert usages(({"mountpoint": "/data"}, 100.0, 55.0))["/data", "filesystem"] == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["instance", "mountpoint"])
def test_a_name_that_would_swell_the_page_is_refused_with_a_line_and_the_others_go_on(caplog: pytest.LogCaptureFixture, name: str) -> None:
    usual, longest = {"device": "x", "mountpoint": "/data"}, {"device": "x", "mountpoint": "/" + "a" * (MOST_LETTERS - 1)}
    endless = {"device": "x", "mountpoint": "/home", name: "b" * (MOST_LETTERS + 1)}
    found = usages((endless, 100.0, 55.0), (usual, 100.0, 55.0), (longest, 100.0, 55.0))
    assert {target for target, _ in found} == {"/data", longest["mountpoint"]}
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if line.startswith("target filesystem: 1 not read, host or target have more than 256 letters")]) == 1
    assert max(map(len, lines)) < MOST_LETTERS
