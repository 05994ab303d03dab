"""How the host was while it went wrong, and before: processor, memory and disk by node_exporter's pressure counters."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from exporter.investigation.model import Point
from homeostat.hosts import host_of
from homeostat.prometheus import selector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config import Config
    from homeostat.prometheus import Prometheus

_MINUTE, _MOST_SECONDS = 60, 7 * 86400


@dataclasses.dataclass(frozen=True, slots=True)
class Gauge:
    """What is looked at: the worst of it in a time, the sign that it is from a value on, and whether less is worse."""

    query: str
    sign: str
    from_value: float
    worst: str = "max_over_time"

    def bad(self, value: float) -> bool:
        """Say whether a value is a sign."""
        return value <= self.from_value if self.worst == "min_over_time" else value >= self.from_value


GAUGES = {
    "share of time that work waited for the processor": Gauge("rate(node_pressure_cpu_waiting_seconds_total[5m])", "cpu-pressure", 0.40),
    "share of time that work waited for memory": Gauge("rate(node_pressure_memory_waiting_seconds_total[5m])", "memory-pressure", 0.10),
    "share of time that work waited for the disk": Gauge("rate(node_pressure_io_waiting_seconds_total[5m])", "io-pressure", 0.40),
    "share of memory that was available": Gauge("node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "memory-short", 0.05, "min_over_time"),
}


def measured(prometheus: Prometheus, config: Config, began_at: float, now: float) -> Iterator[tuple[Point, str | None]]:
    """Yield each gauge at its worst since it began, and in as long a time before, with its sign where it is one.

    Raises:
        PrometheusError: it does not answer.

    """
    seconds = int(min(max(now - began_at, 5 * _MINUTE), _MOST_SECONDS))
    step = max(_MINUTE, seconds // 500)
    for what, gauge in GAUGES.items():
        window = f"[{seconds}s:{step}s]"
        promql = f"{gauge.worst}(({gauge.query}){window})"
        value = _of_host(prometheus, config, promql)
        if value is not None:
            before = _of_host(prometheus, config, f"{gauge.worst}(({gauge.query}){window} offset {seconds}s)")
            yield Point(what, value, before, promql), gauge.sign if gauge.bad(value) else None


def _of_host(prometheus: Prometheus, config: Config, promql: str) -> float | None:
    """Return what a query says of this host, None where it says nothing."""
    return next((sample.value for sample in prometheus.query(promql) if host_of(sample.labels, config) == config.host), None)


def is_seen(prometheus: Prometheus, config: Config) -> bool:
    """Say whether node_exporter tells of this host at all: after a start it takes minutes until there is a rate. Raises PrometheusError."""
    return _of_host(prometheus, config, "node_memory_MemAvailable_bytes") is not None or _of_host(prometheus, config, "node_time_seconds") is not None


def asserted(prometheus: Prometheus, host: str) -> dict[str, set[str]]:
    """Return which problems are asserted at each target of a host. Raises PrometheusError."""
    found: dict[str, set[str]] = {}
    for sample in prometheus.query(selector("homeostat_problem_confidence_ratio", host=host)):
        labels = sample.labels
        found.setdefault(labels.get("target", ""), set()).add(labels.get("problem", ""))
    return found

