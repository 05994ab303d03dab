"""The catalogue: what may be acted on, by exact name, and what is known of it."""

from __future__ import annotations

import re
from typing import Literal

from homeostat.config.section import Ratio, Section, exact_path, lasting
from homeostat.config.units import Duration, Size

Manager = Literal["systemd", "systemd-user", "podman", "command"]
Argv = tuple[str, ...]
# What LVM itself allows in a name (lvm(8), VALID NAMES).
_VOLUME = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9_.+-]*/[A-Za-z0-9_+][A-Za-z0-9_.+-]*")


def program(argv: Argv) -> None:
    """See that a command starts with the absolute path of its program. Raises ValueError."""
    if not argv or not argv[0].startswith("/"):
        raise ValueError("a command starts with the absolute path of its program")


class ServiceCommands(Section, frozen=True, kw_only=True):
    """Root-owned programs for a service without systemd: `show` prints systemd's `Key=Value` lines."""

    show: Argv
    """Prints systemd's `Key=Value` lines: ActiveState, InvocationID and so on."""
    restart: Argv
    """Restarts it, and returns when that is done."""

    def __post_init__(self) -> None:
        """Refuse a program that is not named by its absolute path."""
        for argv in (self.show, self.restart):
            program(argv)


class Service(Section, frozen=True, kw_only=True):
    """A service of the catalogue: what runs it, what it needs, what may be done to it, and the data that a restart puts at risk."""

    manager: Manager
    """What runs it: systemd, systemd-user (with user), podman, or command (with commands)."""
    unit: str | None = None
    """The exact name of its unit, as in jellyfin.service, or of its container where podman runs it."""
    user: str | None = None
    """Whose user manager runs it, where manager is systemd-user."""
    commands: ServiceCommands | None = None
    """Root-owned programs in place of a manager, where manager is command."""
    health: Argv | None = None
    """A command that succeeds while the service is well, as in [/usr/bin/curl, -fsS, http://127.0.0.1:8096/health]."""
    drain: Argv | None = None
    """Run before each restart, as to let sessions end or take it out of a balancer; where that fails it is not restarted."""
    limitable: bool = False
    """Whether its memory may be taken back and limited for a while when the host has too little."""
    auto_restart: bool = True
    """Whether it may be restarted without asking; false makes a proposal of every restart."""
    subvolume: str | None = None
    """The btrfs subvolume of its data: a snapshot is taken of it before a restart."""
    volume: str | None = None
    """The thin logical volume of its data, as in vg0/jellyfin: likewise."""
    files: tuple[str, ...] = ()
    """Files that a restart puts at risk: they are copied before, and can be put back."""
    memory_limit: Size | None = None
    """How much memory it may use, as in 2GiB, where neither its unit nor its container says so."""
    restart_timeout: Duration = Duration(120)
    """How long a restart may take before it is ended."""
    sessions: str | None = None
    """PromQL that always answers: how many people are at it, 0 for nobody. It is not restarted while somebody is."""
    depends_on: tuple[str, ...] = ()
    """Services and file systems that it needs: while one of these is sick and about to be helped, it is left alone."""
    group: str | None = None
    """The group that it is a member of."""

    def __post_init__(self) -> None:
        """Refuse a service whose manager lacks what it needs."""
        if self.health is not None:
            program(self.health)
        if self.drain is not None:
            program(self.drain)
        if self.limitable and self.manager != "systemd":
            raise ValueError(f"limitable is for units of the system's systemd, which manager {self.manager} is not")
        self._exact_places()
        if self.manager == "command" and self.commands is None:
            raise ValueError("manager command needs commands: {show: [...], restart: [...]}")
        if self.manager != "command" and self.unit is None:
            raise ValueError(f"manager {self.manager} needs unit, the exact name")
        if self.manager == "systemd-user" and self.user is None:
            raise ValueError("manager systemd-user needs user, whose units these are")
        if self.unit is not None and any(letter in self.unit for letter in "*?[]/ \n\0"):
            raise ValueError(f"unit {self.unit!r} must be one exact name, no pattern")
        if self.manager.startswith("systemd") and not (self.unit or "").endswith(".service"):
            raise ValueError(f"unit {self.unit!r} must be a service, as in jellyfin.service")
        if self.sessions is not None and not self.sessions.strip():
            raise ValueError("sessions must be a query, as in sum(jellyfin_active_streams)")

    @property
    def has_unit(self) -> bool:
        """Whether systemd runs it, and so a file says how."""
        return self.manager in {"systemd", "systemd-user"}

    def _exact_places(self) -> None:
        """Refuse a place of its data that does not say exactly one. Raises ValueError."""
        if self.subvolume is not None:
            exact_path("subvolume", self.subvolume)
        if self.volume is not None and not _VOLUME.fullmatch(self.volume):
            raise ValueError(f"volume {self.volume!r} must be a logical volume as GROUP/NAME, as in vg0/jellyfin")
        for path in self.files:
            exact_path("files", path)


class Group(Section, frozen=True, kw_only=True):
    """Services that share one job: those of this host name it as their `group`, those of other hosts stand in `elsewhere`."""

    redundant: bool = False
    """Whether one member can stand in for another: the last healthy one is never touched."""
    elsewhere: tuple[str, ...] = ()
    """Members on other hosts, as HOST/SERVICE."""
    healthy: str | None = None
    """PromQL for how many of all members are well, as in count(up{job="dns"} == 1); without it only this host's are asked, and nobody vouches for the others."""

    def __post_init__(self) -> None:
        """Refuse a member that does not say where it is, and a query that asks nothing."""
        for member in self.elsewhere:
            host, slash, service = member.partition("/")
            if not (host and slash and service):
                raise ValueError(f"elsewhere {member!r} must be HOST/SERVICE, as in h2/web")
        if self.healthy is not None and not self.healthy.strip():
            raise ValueError('healthy must be a query, as in count(up{job="dns"} == 1)')


class Filesystem(Section, frozen=True, kw_only=True):
    """A file system, or a directory with an allowance, that may be cleaned."""

    path: str | None = None
    """Where it is, if its name is not its path."""
    size: Size | None = None
    """How much a directory may hold that has no file system of its own, as in 20GiB."""
    free_target: Ratio = 0.20
    """The share that a cleanup frees before it stops, 0 to 1."""

    def __post_init__(self) -> None:
        """Refuse a path that does not say exactly one place."""
        if self.path is not None:
            exact_path("path", self.path)


class CleanupRule(Section, frozen=True, kw_only=True):
    """Which files may be deleted, or compressed: regular files below `directory` whose name fits `pattern` and that are old enough."""

    directory: str
    """Below which folder, at any depth."""
    pattern: str
    """What their names look like, as in '*.log.*'."""
    older_than: Duration
    """How long ago they were last changed."""
    how: Literal["delete", "compress"] = "delete"
    """Whether they are deleted, or compressed (zstd) with nothing of them lost."""

    def __post_init__(self) -> None:
        """Refuse a rule that could mean everything."""
        exact_path("directory", self.directory)
        lasting("older_than", self.older_than)
        if self.directory == "/":
            raise ValueError("directory '/' must be an absolute path below /")
        if self.pattern.strip("*?.") == "":
            raise ValueError(f"pattern {self.pattern!r} would fit every file; name an ending such as '*.log.*'")
        if "/" in self.pattern:
            raise ValueError(f"pattern {self.pattern!r} is about names, at any depth below directory: no name has a slash")


def related(services: dict[str, Service], groups: dict[str, Group], filesystems: dict[str, Filesystem]) -> None:
    """See that services need and join only what is known, and that none needs itself, by whatever way.

    Raises:
        ValueError: it names the service, what is wrong, and what is known.

    """
    for name, service in services.items():
        if service.group is not None and service.group not in groups:
            raise ValueError(f"services.{name}.group {service.group!r} is not in groups; known: {', '.join(sorted(groups)) or 'none'}")
        unknown = [needed for needed in service.depends_on if needed not in services and needed not in filesystems]
        if unknown:
            raise ValueError(f"services.{name}.depends_on {unknown[0]!r} is neither in services nor in filesystems")
        circle = [needed for needed in service.depends_on if name in {needed, *needs(services, needed)}]
        if circle:
            raise ValueError(f"services.{name}.depends_on {circle[0]!r} leads back to {name}: no service may need itself")


def dependants(services: dict[str, Service], name: str) -> tuple[str, ...]:
    """Return the services that need `name`, directly or through others, each behind what it needs itself, else by name."""
    found = {each: needs(services, each) for each in sorted(services) if name in needs(services, each)}
    return tuple(sorted(found, key=lambda each: len(found[each] & found.keys())))


def needs(services: dict[str, Service], name: str) -> set[str]:
    """Return all that a service needs, directly or through others; a service in a circle needs itself."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        service = services.get(waiting.pop())
        fresh = set(service.depends_on) - found if service is not None else set()
        found |= fresh
        waiting += fresh
    return found
