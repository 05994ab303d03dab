"""Hosts whose memory runs out: what the kernel calls available, of all there is."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exporter.model import Key, Observed, Reading, Target, Watch
from exporter.readings import left_of_size
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.memory
    read = functools.partial(_read, config)
    return [Watch("memory", settings.query, read, settings.size_query, ("instance",))] if settings.enabled else []


def _read(config: Config, observed: Observed) -> Reading | None:
    host = host_of(observed.labels, config)
    return left_of_size(observed, Key("memory_exhaustion", host, host, "memory"), "bytes", config.exporter.targets.memory)


TARGET = Target(_watches)
