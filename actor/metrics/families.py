"""How a family of metrics is made of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actor.world import World

# The values of a series' labels, and its value.
Row = tuple[tuple[str, ...], float]


def gauge(world: World, name: str, text: str, value: float) -> Metric:
    """Make a gauge of one series, with this host's label."""
    return gauges(name, text, ("host",), [((world.config.host,), value)])


def gauges(name: str, text: str, labels: tuple[str, ...], rows: Iterable[Row]) -> Metric:
    """Make a gauge of a series for each row."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        family.add_metric(values, value)
    return family
