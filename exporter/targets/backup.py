"""File systems that hold backups, as the configuration marks them, and fill."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exporter.model import Key, Observed, Reading, Target, Watch
from exporter.readings import backup_mark, left_of_size
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.backup
    read = functools.partial(_read, config)
    watch = Watch("backup", settings.query, read, settings.size_query, ("instance", "device", "mountpoint"))
    return [watch] if settings.enabled and settings.filesystems else []


def _read(config: Config, observed: Observed) -> Reading | None:
    host, mountpoint = host_of(observed.labels, config), observed.labels.get("mountpoint", "")
    if not backup_mark(config, host, mountpoint):
        return None
    return left_of_size(observed, Key("backup_space_exhaustion", host, mountpoint, "backup"), "bytes", config.exporter.targets.backup)


TARGET = Target(_watches)
