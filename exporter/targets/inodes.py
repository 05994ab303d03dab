"""File systems that run out of inodes, where they have a fixed number of them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exporter.model import Key, Observed, Reading, Target, Watch
from exporter.readings import left_of_size
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.inodes
    read = functools.partial(_read, config)
    watch = Watch("inodes", settings.query, read, settings.size_query, ("instance", "device", "mountpoint"))
    return [watch] if settings.enabled else []


def _read(config: Config, observed: Observed) -> Reading | None:
    mountpoint = observed.labels.get("mountpoint")
    if not mountpoint:
        return None
    key = Key("inode_exhaustion", host_of(observed.labels, config), mountpoint, "inodes")
    return left_of_size(observed, key, "count", config.exporter.targets.inodes)


TARGET = Target(_watches)
