"""The monitored host's name, the same word on the exporter's and on that host's actor's series."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeostat.config import Config


def host_of(labels: Mapping[str, str], config: Config) -> str:
    """Return `exporter.hosts`' name for the series' instance (with or without its port), else the instance without its port.

    A series without an instance is about the exporter's own host.
    """
    instance = labels.get("instance", "")
    name = _without_port(instance)
    mapping = config.exporter.hosts
    return mapping.get(instance) or mapping.get(name) or name or config.host


def _without_port(instance: str) -> str:
    name, colon, port = instance.rpartition(":")
    if not colon or not port.isdigit() or (":" in name and not name.endswith("]")):
        return instance
    return name.strip("[]")
