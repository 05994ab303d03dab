"""File systems that fill: bytes available against the share of the size that must stay free."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exporter.hosts import host_of
from exporter.model import Key, Observed, Reading, Target, Watch
from forecasting import Limit

if TYPE_CHECKING:
    from homeostat.config import Config


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.filesystem
    read = functools.partial(_read, config)
    watch = Watch("filesystem", settings.query, read, settings.size_query, ("instance", "mountpoint"))
    return [watch] if settings.enabled else []


def _read(config: Config, observed: Observed) -> Reading | None:
    settings = config.exporter.targets.filesystem
    size = observed.size or 0.0
    usable = size * (1 - settings.limit_free_ratio)
    mountpoint = observed.labels.get("mountpoint")
    if usable <= 0 or not mountpoint:
        return None
    return Reading(
        key=Key("disk_exhaustion", host_of(observed.labels, config), mountpoint, "filesystem"),
        series=observed.series,
        limit=Limit(size * settings.limit_free_ratio, "down"),
        unit="bytes",
        action_horizon_seconds=settings.action_horizon,
        usage_ratio=(size - float(observed.series.values[-1])) / usable,
        usage_per_unit=1 / usable,
        age_seconds=observed.age_seconds,
    )


TARGET = Target(_watches)
