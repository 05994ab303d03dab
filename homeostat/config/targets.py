"""What `exporter.targets` and `exporter.traffic` may say: one section for each target of SPEC 3.1, with its defaults."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from homeostat.config.section import DAY, HOUR, MINUTE, Ratio, Section, lasting
from homeostat.config.service_memory import ServiceMemoryTarget
from homeostat.config.units import Duration
from homeostat.time_intervals import zone
from homeostat.words import Problem, Severity

_REAL_FILESYSTEMS = '{fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|autofs|nsfs|fuse.*"}'


def one_of(first: str | None, second: str | None) -> None:
    """See that a target is named in one way. Raises ValueError."""
    if (first is None) == (second is None):
        raise ValueError("give either target (one fixed name) or target_label (the label that holds it)")


class FreeTarget(Section, frozen=True, kw_only=True):
    """What runs out: `query` yields what is free, `size_query` the whole; the limit is the share that must stay free."""

    enabled: bool = True
    query: str
    size_query: str
    limit_free_ratio: Ratio
    action_horizon: Duration

    def __post_init__(self) -> None:
        """Refuse a horizon in which nothing can happen."""
        lasting("action_horizon", self.action_horizon)


class FilesystemTarget(FreeTarget, frozen=True, kw_only=True):
    """Bytes of file systems, by instance and mountpoint."""

    query: str = f"node_filesystem_avail_bytes{_REAL_FILESYSTEMS}"
    size_query: str = f"node_filesystem_size_bytes{_REAL_FILESYSTEMS}"
    limit_free_ratio: Ratio = 0.10
    action_horizon: Duration = Duration(14 * DAY)


class InodesTarget(FreeTarget, frozen=True, kw_only=True):
    """Inodes of file systems; where there are 0 in all, as on btrfs, they cannot run out."""

    query: str = f"node_filesystem_files_free{_REAL_FILESYSTEMS}"
    size_query: str = f"node_filesystem_files{_REAL_FILESYSTEMS}"
    limit_free_ratio: Ratio = 0.05
    action_horizon: Duration = Duration(14 * DAY)


class MemoryTarget(FreeTarget, frozen=True, kw_only=True):
    """A host's memory, by instance."""

    query: str = "node_memory_MemAvailable_bytes"
    size_query: str = "node_memory_MemTotal_bytes"
    limit_free_ratio: Ratio = 0.05
    action_horizon: Duration = Duration(48 * HOUR)


class SwapTarget(FreeTarget, frozen=True, kw_only=True):
    """A host's swap, by instance; where there is none, it cannot run out."""

    query: str = "node_memory_SwapFree_bytes"
    size_query: str = "node_memory_SwapTotal_bytes"
    limit_free_ratio: Ratio = 0.10
    action_horizon: Duration = Duration(48 * HOUR)


class BackupFilesystem(Section, frozen=True, kw_only=True):
    """A file system that holds backups, on `host` or on every host; `shared` with other things it can be cleaned too."""

    mountpoint: str
    host: str | None = None
    shared: bool = False


class BackupTarget(FreeTarget, frozen=True, kw_only=True):
    """Bytes of the file systems that are marked here: any type, as they are named."""

    filesystems: tuple[BackupFilesystem, ...] = ()
    query: str = "node_filesystem_avail_bytes"
    size_query: str = "node_filesystem_size_bytes"
    limit_free_ratio: Ratio = 0.10
    action_horizon: Duration = Duration(14 * DAY)


class FdsTarget(Section, frozen=True, kw_only=True):
    """File descriptors that processes hold open (`query`) of those they may (`size_query`), by instance and `target_label`."""

    enabled: bool = True
    query: str = "process_open_fds"
    size_query: str = "process_max_fds"
    target_label: str = "job"
    limit_ratio: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.90
    action_horizon: Duration = Duration(48 * HOUR)

    def __post_init__(self) -> None:
        """Refuse a horizon in which nothing can happen."""
        lasting("action_horizon", self.action_horizon)


class CertificatesTarget(Section, frozen=True, kw_only=True):
    """Certificates: `query` yields the moment of expiry (Unix seconds); `limit` is the time that must be left."""

    enabled: bool = True
    query: str = "probe_ssl_earliest_cert_expiry"
    target_label: str = "instance"
    limit: Duration = Duration(14 * DAY)
    action_horizon: Duration = Duration(7 * DAY)

    def __post_init__(self) -> None:
        """Refuse a limit that is none."""
        lasting("limit", self.limit)
        lasting("action_horizon", self.action_horizon)


class LatencyTarget(Section, frozen=True, kw_only=True):
    """Latency: for each service a query of its p95, one series an instance; its mean `over` a week is held against the week before."""

    enabled: bool = True
    services: dict[str, str] = {}
    limit_growth_ratio: Annotated[float, msgspec.Meta(gt=0)] = 0.20
    over: Duration = Duration(7 * DAY)
    action_horizon: Duration = Duration(7 * DAY)

    def __post_init__(self) -> None:
        """Refuse times in which nothing can happen."""
        lasting("over", self.over)
        lasting("action_horizon", self.action_horizon)


class CustomTarget(Section, frozen=True, kw_only=True):
    """A user's own target: any query with a limit."""

    name: str
    query: str
    limit: float
    problem: Problem
    resource: str
    direction: Literal["up", "down"] = "up"
    unit: Literal["bytes", "seconds", "ratio", "count"] = "count"
    target: str | None = None
    target_label: str | None = None
    action_horizon: Duration = Duration(14 * DAY)

    def __post_init__(self) -> None:
        """Refuse an entry that cannot name its target."""
        one_of(self.target, self.target_label)
        lasting("action_horizon", self.action_horizon)


class AlertTarget(Section, frozen=True, kw_only=True):
    """A user's own alert (by its name): while it fires, `problem` is seen with `confidence`.

    Its urgency is the alert's own label `severity` where that is one of our words, else this one. `evaluation_interval` is
    that of its rule group, where it is not `prometheus.evaluation_interval`.
    """

    alert: str
    problem: Problem
    resource: str
    confidence: Annotated[float, msgspec.Meta(gt=0, le=1)]
    severity: Severity = "warning"
    target: str | None = None
    target_label: str | None = None
    evaluation_interval: Duration | None = None

    def __post_init__(self) -> None:
        """Refuse an entry that cannot name its target, one that is never evaluated, and one that would answer ourselves."""
        one_of(self.target, self.target_label)
        if self.evaluation_interval is not None:
            lasting("evaluation_interval", self.evaluation_interval)
        if self.alert.startswith("Homeostat"):
            raise ValueError(f"alert {self.alert!r} is Homeostat's own: it would answer itself")


class Targets(Section, frozen=True, kw_only=True):
    """What is watched, each switchable and tunable."""

    filesystem: FilesystemTarget = FilesystemTarget()
    inodes: InodesTarget = InodesTarget()
    memory: MemoryTarget = MemoryTarget()
    swap: SwapTarget = SwapTarget()
    service_memory: ServiceMemoryTarget = ServiceMemoryTarget()
    fds: FdsTarget = FdsTarget()
    certificates: CertificatesTarget = CertificatesTarget()
    backup: BackupTarget = BackupTarget()
    latency: LatencyTarget = LatencyTarget()
    custom: tuple[CustomTarget, ...] = ()
    alert: tuple[AlertTarget, ...] = ()

    def __post_init__(self) -> None:
        """Refuse two entries of one name."""
        names = [entry.name for entry in self.custom]
        if len(set(names)) < len(names):
            raise ValueError("every custom target needs a name of its own")


class Traffic(Section, frozen=True, kw_only=True):
    """A service's traffic (SPEC 3.6): `query` yields requests a second, sessions or the like; its series are added up.

    Hours are those of `timezone`, and a quiet window lasts `length`.
    """

    service: str
    query: str
    host: str | None = None
    timezone: str = "UTC"
    length: Duration = Duration(30 * MINUTE)

    def __post_init__(self) -> None:
        """Refuse a time zone that nobody knows, and a window that is over at once or longer than a day."""
        zone(self.timezone)
        if not 0 < self.length <= DAY:
            raise ValueError("length must be more than 0s and at most 1d")
