"""Services that leak: bytes in use against the service's own limit, and growth that does not end."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exporter.hosts import host_of
from exporter.model import Key, LeakRule, Observed, Reading, Target, Watch
from forecasting import Limit

if TYPE_CHECKING:
    from homeostat.config import Config

_HOUR_SECONDS = 3600


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.service_memory
    return [Watch("service-memory", settings.query, functools.partial(_read, config))] if settings.enabled else []


def _read(config: Config, observed: Observed) -> Reading | None:
    settings = config.exporter.targets.service_memory
    service = observed.labels.get(settings.target_label)
    if not service:
        return None
    limit = _limit_bytes(config, service)
    return Reading(
        key=Key("memory_leak", host_of(observed.labels, config), service, "memory"),
        series=observed.series,
        limit=Limit(limit, "up"),
        unit="bytes",
        action_horizon_seconds=settings.action_horizon,
        usage_ratio=float(observed.series.values[-1]) / limit,
        usage_per_unit=1 / limit,
        age_seconds=observed.age_seconds,
        leak_rule=LeakRule(settings.leak_bytes_per_hour / _HOUR_SECONDS, settings.leak_over),
    )


def _limit_bytes(config: Config, service: str) -> float:
    known = config.services.get(service)
    own = known.memory_limit if known else None
    return float(own or config.exporter.targets.service_memory.limit_bytes)


TARGET = Target(_watches)
