"""What `exporter.targets` and `exporter.traffic` may say: one section for each target of SPEC 3.1, with its defaults."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

from homeostat.config.section import DAY, HOUR, MINUTE, Ratio, Section, lasting
from homeostat.config.service_memory import ServiceMemoryTarget
from homeostat.config.units import Duration
from homeostat.time_intervals import zone
from homeostat.words import SELFTEST, Problem, Severity

_REAL_FILESYSTEMS = '{fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660|autofs|nsfs|fuse.*"}'


def one_of(first: str | None, second: str | None) -> None:
    """See that a target is named in one way. Raises ValueError."""
    if (first is None) == (second is None):
        raise ValueError("give either target (one fixed name) or target_label (the label that holds it)")


class FreeTarget(Section, frozen=True, kw_only=True):
    """What runs out, by what is free of it."""

    enabled: bool = True
    """Whether it is watched."""
    query: str
    """Yields what is free."""
    size_query: str
    """Yields the whole, with the same labels."""
    limit_free_ratio: Ratio
    """The share that must stay free, 0 to 1."""
    action_horizon: Duration
    """Within which time the limit has to be likely for a problem to be asserted."""

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
    """A file system that holds backups."""

    mountpoint: str
    """Where it is mounted."""
    host: str | None = None
    """On which host; without one, on every host."""
    shared: bool = False
    """Whether other things lie there too, so that it can be cleaned as well."""


class BackupTarget(FreeTarget, frozen=True, kw_only=True):
    """Bytes of the file systems that are marked here: any type, as they are named."""

    filesystems: tuple[BackupFilesystem, ...] = ()
    """The file systems that hold backups."""
    query: str = "node_filesystem_avail_bytes"
    size_query: str = "node_filesystem_size_bytes"
    limit_free_ratio: Ratio = 0.10
    action_horizon: Duration = Duration(14 * DAY)


class FdsTarget(Section, frozen=True, kw_only=True):
    """File descriptors that processes hold open, of those they may, by instance and `target_label`."""

    enabled: bool = True
    """Whether it is watched."""
    query: str = "process_open_fds"
    """Yields how many each process holds open."""
    size_query: str = "process_max_fds"
    """Yields how many it may, with the same labels."""
    target_label: str = "job"
    """The label that names the service."""
    limit_ratio: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.90
    """The share of those allowed, up to 1."""
    action_horizon: Duration = Duration(48 * HOUR)
    """Within which time the limit has to be likely."""

    def __post_init__(self) -> None:
        """Refuse a horizon in which nothing can happen."""
        lasting("action_horizon", self.action_horizon)


class CertificatesTarget(Section, frozen=True, kw_only=True):
    """Certificates that expire."""

    enabled: bool = True
    """Whether it is watched."""
    query: str = "probe_ssl_earliest_cert_expiry"
    """Yields the moment of expiry, in Unix seconds."""
    target_label: str = "instance"
    """The label that names what was probed."""
    limit: Duration = Duration(14 * DAY)
    """How long a certificate has to be valid still."""
    names: tuple[str, ...] = ()
    """Certificates, each as its alerts name it, that may be looked into: nothing is done about what is not named here."""
    action_horizon: Duration = Duration(7 * DAY)
    """How long before that it is a problem."""

    def __post_init__(self) -> None:
        """Refuse a limit that is none."""
        lasting("limit", self.limit)
        lasting("action_horizon", self.action_horizon)


class LatencyTarget(Section, frozen=True, kw_only=True):
    """Latency of services, held against the week before."""

    enabled: bool = True
    """Whether it is watched."""
    services: dict[str, str] = {}
    """For each service a query of its latency (p95), one series an instance."""
    limit_growth_ratio: Annotated[float, msgspec.Meta(gt=0)] = 0.20
    """How much slower than the week before is too slow: 0.2 is a fifth."""
    over: Duration = Duration(7 * DAY)
    """Over which time the mean is taken, now and before."""
    action_horizon: Duration = Duration(7 * DAY)
    """Within which time the limit has to be likely."""

    def __post_init__(self) -> None:
        """Refuse times in which nothing can happen."""
        lasting("over", self.over)
        lasting("action_horizon", self.action_horizon)


def _real(problem: Problem) -> None:
    """Refuse the synthetic problem's name for a real one: nobody would be told of it. Raises ValueError."""
    if problem == SELFTEST:
        raise ValueError(f"problem {SELFTEST!r} is the synthetic one, of which nobody is told; give yours a name of its own")


class CustomTarget(Section, frozen=True, kw_only=True):
    """A user's own target: any query with a limit."""

    name: str
    """A name of your own, once in this list."""
    query: str
    """Yields what is measured."""
    limit: float
    """The value that must not be crossed."""
    problem: Problem
    """What it is called when it comes, the word that playbooks answer to."""
    resource: str
    """What runs out or goes wrong, one word."""
    direction: Literal["up", "down"] = "up"
    """Whether it is crossed upwards or downwards: up, down."""
    unit: Literal["bytes", "seconds", "ratio", "count"] = "count"
    """What is counted: bytes, seconds, ratio, count."""
    target: str | None = None
    """The one name of what may be in trouble."""
    target_label: str | None = None
    """Or the label that holds that name."""
    action_horizon: Duration = Duration(14 * DAY)
    """Within which time the limit has to be likely."""

    def __post_init__(self) -> None:
        """Refuse an entry that cannot name its target, a limit that nothing reaches, and a problem that nobody is told of."""
        one_of(self.target, self.target_label)
        _real(self.problem)
        if not math.isfinite(self.limit):
            raise ValueError("limit must be a number that can be reached")
        lasting("action_horizon", self.action_horizon)


class AlertTarget(Section, frozen=True, kw_only=True):
    """A user's own alert: while it fires, a problem is seen."""

    alert: str
    """The alert's name."""
    problem: Problem
    """The problem that it means, the word that playbooks answer to."""
    resource: str
    """What runs out or goes wrong, one word."""
    confidence: Annotated[float, msgspec.Meta(gt=0, le=1)]
    """How sure it is that the problem is there while it fires, up to 1."""
    severity: Severity = "warning"
    """How urgent it is, unless the alert's own label `severity` is one of these words: info, warning, critical."""
    target: str | None = None
    """The one name of what is in trouble."""
    target_label: str | None = None
    """Or the alert's label that holds that name."""
    evaluation_interval: Duration | None = None
    """How often its rule is evaluated, where that is not `prometheus.evaluation_interval`."""

    def __post_init__(self) -> None:
        """Refuse an entry that cannot name its target, one that is never evaluated, and one that would answer ourselves or that nobody is told of."""
        one_of(self.target, self.target_label)
        _real(self.problem)
        if self.evaluation_interval is not None:
            lasting("evaluation_interval", self.evaluation_interval)
        if self.alert.startswith("Homeostat"):
            raise ValueError(f"alert {self.alert!r} is Homeostat's own: it would answer itself")


class Targets(Section, frozen=True, kw_only=True):
    """What is watched, each switchable and tunable."""

    filesystem: FilesystemTarget = FilesystemTarget()
    """Bytes of file systems."""
    inodes: InodesTarget = InodesTarget()
    """Inodes of file systems."""
    memory: MemoryTarget = MemoryTarget()
    """The host's memory."""
    swap: SwapTarget = SwapTarget()
    """The host's swap."""
    service_memory: ServiceMemoryTarget = ServiceMemoryTarget()
    """Memory of services, and leaks."""
    fds: FdsTarget = FdsTarget()
    """File descriptors of processes."""
    certificates: CertificatesTarget = CertificatesTarget()
    """When certificates expire."""
    backup: BackupTarget = BackupTarget()
    """Room for backups."""
    latency: LatencyTarget = LatencyTarget()
    """Services that grow slow."""
    custom: tuple[CustomTarget, ...] = ()
    """Targets of your own: any query with a limit."""
    alert: tuple[AlertTarget, ...] = ()
    """Alerts of your own that mean a problem."""

    def __post_init__(self) -> None:
        """Refuse two entries of one name."""
        names = [entry.name for entry in self.custom]
        if len(set(names)) < len(names):
            raise ValueError("every custom target needs a name of its own")


class Traffic(Section, frozen=True, kw_only=True):
    """A service's traffic (SPEC 3.6)."""

    service: str
    """The service, by its name in `services`."""
    query: str
    """Yields requests a second, sessions or the like; its series are added up."""
    host: str | None = None
    """The host it runs on; without one, this one."""
    timezone: str = "UTC"
    """The time zone that its hours are told in, as in Europe/Berlin."""
    length: Duration = Duration(30 * MINUTE)
    """How long a quiet window has to be."""

    def __post_init__(self) -> None:
        """Refuse a time zone that nobody knows, and a window that is over at once or longer than a day."""
        zone(self.timezone)
        if not 0 < self.length <= DAY:
            raise ValueError("length must be more than 0s and at most 1d")
