"""The list of metrics that the rules may read names each once, with our prefix and its host's label."""

from __future__ import annotations

from pathlib import Path

LINES = [line.split() for line in (Path(__file__).parent / "metrics.txt").read_text().splitlines() if not line.startswith("#")]


def test_every_metric_is_listed_once_for_each_who_publishes_it() -> None:
    listed = [(publisher, metric) for publisher, metric, _ in LINES]
    assert sorted(set(listed)) == sorted(listed)
    assert {publisher for publisher, _ in listed} == {"exporter", "observer", "actor"}


def test_every_metric_bears_our_prefix_and_its_hosts_label() -> None:
    assert [metric for _, metric, labels in LINES if not metric.startswith("homeostat_") or "host" not in labels.split(",")] == []
