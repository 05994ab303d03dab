"""Hosts whose swap runs out, where they have any."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exporter.model import Key, Observed, Reading, Target, Watch
from exporter.readings import left_of_size
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.swap
    read = functools.partial(_read, config)
    return [Watch("swap", settings.query, read, settings.size_query, ("instance",))] if settings.enabled else []


def _read(config: Config, observed: Observed) -> Reading | None:
    host = host_of(observed.labels, config)
    return left_of_size(observed, Key("swap_exhaustion", host, host, "swap"), "bytes", config.exporter.targets.swap)


TARGET = Target(_watches)
