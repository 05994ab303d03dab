"""What `exporter.targets.service_memory` may say: where the memory of services is read, and what limits it."""

from __future__ import annotations

import re

from homeostat.config.section import HOUR, Ratio, Section, lasting
from homeostat.config.units import Duration, Size

_UNIT_CGROUPS = '{id=~"/system[.]slice/([^/]+[.]slice/)*[^/]+[.]service"}'


class MemorySource(Section, frozen=True, kw_only=True):
    """Where services' memory is read, and what limits it."""

    query: str
    """Yields each service's memory in bytes."""
    target_label: str = "job"
    """The label that names the service."""
    target_pattern: str | None = None
    r"""A regular expression whose one group is the name within that label, as in '(.+)\.service'."""
    limit_query: str | None = None
    """Yields each one's own limit in bytes."""
    limit_labels: tuple[str, ...] = ()
    """The labels by which a limit finds its service."""

    def __post_init__(self) -> None:
        """Refuse a pattern without a name in it, and limits that belong to nobody."""
        if self.target_pattern is not None and _groups(self.target_pattern) != 1:
            raise ValueError(f"target_pattern {self.target_pattern!r} must have one group, the service's name")
        if self.limit_query is not None and not self.limit_labels:
            raise ValueError("limit_query needs limit_labels, by which a limit finds its service")


def _groups(pattern: str) -> int:
    try:
        return re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"target_pattern {pattern!r} is no regular expression: {error}") from None


# Resident memory and not the working set, which counts the page cache that a service's files leave behind.
MEMORY_SOURCES = (
    MemorySource(  # cAdvisor, containers
        query='container_memory_rss{name!=""}',
        target_label="name",
        target_pattern="(?:systemd-)?(.+)",
        limit_query='container_spec_memory_limit_bytes{name!=""} > 0',
        limit_labels=("instance", "name"),
    ),
    MemorySource(  # cAdvisor, units
        query=f"container_memory_rss{_UNIT_CGROUPS}",
        target_label="id",
        target_pattern=r".*/(.+)\.service",
        limit_query=f"container_spec_memory_limit_bytes{_UNIT_CGROUPS} > 0",
        limit_labels=("instance", "id"),
    ),
    MemorySource(  # prometheus-podman-exporter, whose names are on a series of their own
        query="(podman_container_mem_usage_bytes > 0) * on (instance, id) group_left (name) max by (instance, id, name) (podman_container_info)",
        target_label="name",
        target_pattern="(?:systemd-)?(.+)",
        limit_query="podman_container_mem_limit_bytes > 0",
        limit_labels=("instance", "id"),
    ),
    MemorySource(query="process_resident_memory_bytes"),
)


class ServiceMemoryTarget(Section, frozen=True, kw_only=True):
    """Services' memory: the limit is the service's own, else `services.NAME.memory_limit`, `limit_bytes`, a share of the host's."""

    enabled: bool = True
    """Whether it is watched."""
    query: str | None = None
    """One query of your own in place of all sources."""
    target_label: str = "job"
    """The label that names the service in that query."""
    sources: tuple[MemorySource, ...] = MEMORY_SOURCES
    """Where services' memory is read, in order of preference: where two show one service, the first counts."""
    limit_bytes: Size | None = None
    """A limit for every service that has none of its own, as in 1GiB."""
    host_query: str = "node_memory_MemTotal_bytes"
    """Yields each host's memory in bytes."""
    limit_host_ratio: Ratio = 0.80
    """Without any other limit, the share of the host's memory, 0 to 1."""
    action_horizon: Duration = Duration(48 * HOUR)
    """Within which time the limit has to be likely."""
    leak_bytes_per_hour: Size = Size(10_000_000)
    """From how much growth an hour on it is a leak."""
    leak_over: Duration = Duration(24 * HOUR)
    """For how long it has to have grown so."""

    def __post_init__(self) -> None:
        """Refuse a limit that everything is past."""
        if self.limit_bytes is not None and self.limit_bytes <= 0:
            raise ValueError("limit_bytes must be more than 0, as in 1GiB")
        if self.limit_host_ratio <= 0:
            raise ValueError("limit_host_ratio must be more than 0, as in 0.8")
        lasting("action_horizon", self.action_horizon)
