"""Services that leak: bytes in use against the service's own limit, and growth that does not end.

Several sources may show the same service, as cAdvisor does beside the process's own metrics: the first that does counts.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING

from exporter.model import Key, LeakRule, Observed, Reading, Target, Watch
from exporter.readings import used_of_limit
from homeostat.config.service_memory import MemorySource
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config

_HOUR_SECONDS = 3600
# cgroup v1 says "no limit" as the largest multiple of a page below 2^63, and podman as all of the host's memory.
_NO_LIMIT_BYTES = 2.0**60


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.service_memory
    if not settings.enabled:
        return []
    if settings.query is not None:
        return [_watch(config, "service-memory", MemorySource(query=settings.query, target_label=settings.target_label))]
    return [_watch(config, f"service-memory {number}", source) for number, source in enumerate(settings.sources, 1)]


def _watch(config: Config, name: str, source: MemorySource) -> Watch:
    host_query = config.exporter.targets.service_memory.host_query
    return Watch(name, source.query, functools.partial(_read, config, source), source.limit_query, source.limit_labels, host_query)


def _read(config: Config, source: MemorySource, observed: Observed) -> Reading | None:
    settings = config.exporter.targets.service_memory
    service = _service(source, observed)
    if not service:
        return None
    key = Key("memory_leak", host_of(observed.labels, config), service, "memory")
    reading = used_of_limit(observed, key, "bytes", _limit_bytes(config, service, observed), settings.action_horizon)
    rule = LeakRule(settings.leak_bytes_per_hour / _HOUR_SECONDS, settings.leak_over)
    return dataclasses.replace(reading, leak_rule=rule) if reading else None


def _service(source: MemorySource, observed: Observed) -> str | None:
    said = observed.labels.get(source.target_label)
    if said is None or source.target_pattern is None:
        return said
    match = re.fullmatch(source.target_pattern, said)
    return match[1] if match else None


def _limit_bytes(config: Config, service: str, observed: Observed) -> float:
    """Return the service's limit: its own, the catalogue's, the common one, or a share of the host; 0 where none is known."""
    settings = config.exporter.targets.service_memory
    known = config.services.get(service)
    host_bytes = observed.host_size or 0.0
    own = observed.size or 0.0
    if 0 < own < (host_bytes or _NO_LIMIT_BYTES):
        return own
    return float((known and known.memory_limit) or settings.limit_bytes or settings.limit_host_ratio * host_bytes)


TARGET = Target(_watches)
