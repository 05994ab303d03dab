"""Processes that run out of file descriptors: those open against those allowed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exporter.model import Key, Observed, Reading, Target, Watch
from exporter.readings import used_of_limit
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.fds
    read = functools.partial(_read, config)
    watch = Watch("fds", settings.query, read, settings.size_query, ("instance", settings.target_label))
    return [watch] if settings.enabled else []


def _read(config: Config, observed: Observed) -> Reading | None:
    settings = config.exporter.targets.fds
    service = observed.labels.get(settings.target_label)
    if not service or observed.size is None:
        return None
    key = Key("fd_exhaustion", host_of(observed.labels, config), service, "fds")
    return used_of_limit(observed, key, "count", observed.size * settings.limit_ratio, settings.action_horizon)


TARGET = Target(_watches)
