"""File systems that fill: bytes available against the share of the size that must stay free."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exporter.model import Key, Observed, Reading, Target, Watch
from exporter.readings import backup_mark, left_of_size
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.filesystem
    read = functools.partial(_read, config)
    watch = Watch("filesystem", settings.query, read, settings.size_query, ("instance", "device", "mountpoint"))
    return [watch] if settings.enabled else []


def _read(config: Config, observed: Observed) -> Reading | None:
    host, mountpoint = host_of(observed.labels, config), observed.labels.get("mountpoint")
    # A disk of nothing but backups has another problem, backup_space_exhaustion: cleaning would find nothing there,
    # and two problems would answer one fact twice.
    mark = backup_mark(config, host, mountpoint or "")
    if not mountpoint or (mark and not mark.shared):
        return None
    return left_of_size(observed, Key("disk_exhaustion", host, mountpoint, "filesystem"), "bytes", config.exporter.targets.filesystem)


TARGET = Target(_watches)
