"""The memory of units, as systemd and the kernel's control groups (version 2) keep it: what each uses, and how it is limited."""

from __future__ import annotations

import errno
import os
import pathlib
from typing import TYPE_CHECKING

import msgspec

from actor.disk import files
from actor.model import StepFailed
from homeostat import shell
from homeostat.config.vital import is_vital

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.config import Config

SYSTEMCTL = "/usr/bin/systemctl"
UNLIMITED = "infinity"
# What is planned is in such shares of the host's memory, so that a plan is still the same when a person says yes to it minutes later.
STEP_RATIO = 0.05
_ROOT = "/sys/fs/cgroup"
_SHOW_SECONDS = 10
_PROPERTIES = ("LoadState", "ActiveState", "ControlGroup", "MemoryCurrent", "MemoryHigh")
_CHUNK_BYTES = 8 * 1024 * 1024


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The control group of a service's unit; `high` is systemd's MemoryHigh as it writes it: bytes, or `infinity`."""

    service: str
    unit: str
    path: str
    memory_bytes: int
    high: str


def limitable(config: Config) -> tuple[str, ...]:
    """Return the services that the owner lets be limited, and that keep no host alive."""
    allowed = ((name, service) for name, service in config.services.items() if service.limitable)
    return tuple(name for name, service in allowed if not is_vital(name) and not is_vital(service.unit or ""))


def lacking(config: Config) -> str | None:
    """Say in words what the configuration has to say before any memory can be taken back, or None."""
    return None if limitable(config) else "no service may be limited: services.NAME.limitable"


def group_of(config: Config, service: str) -> Group:
    """Return how a service's unit stands now.

    Raises:
        StepFailed: the configuration does not let it be limited, it does not run, or this host has no control groups version 2.

    """
    if service not in limitable(config):
        raise StepFailed(f"{service} may not be limited: the configuration does not say limitable: true, or it keeps the host alive")
    unit = config.services[service].unit
    assert unit is not None
    shown = shell.run((SYSTEMCTL, "show", f"--property={','.join(_PROPERTIES)}", "--", unit), _SHOW_SECONDS)
    values = dict(line.split("=", 1) for line in shown.output.splitlines() if "=" in line)
    if not shown.ok or values.get("LoadState") != "loaded":
        raise StepFailed(f"systemd does not say how {unit} is: {shown}")
    if values.get("ActiveState") != "active" or not values.get("ControlGroup", "").strip("/"):
        raise StepFailed(f"{unit} does not run")
    if not values["MemoryCurrent"].isdecimal() or not pathlib.Path(f"{_ROOT}{values['ControlGroup']}/memory.high").exists():
        raise StepFailed(f"nothing tells the memory of {unit}: it has no memory accounting, or this host no control groups version 2")
    return Group(service=service, unit=unit, path=values["ControlGroup"], memory_bytes=int(values["MemoryCurrent"]), high=values["MemoryHigh"])


def heaviest(config: Config) -> tuple[Group | None, tuple[str, ...]]:
    """Return the service that uses the most memory of those that may be limited, and in words why others were not looked at."""
    groups, left = [], []
    for service in limitable(config):
        try:
            groups.append(group_of(config, service))
        except StepFailed as failure:
            left.append(str(failure))
    return max(groups, key=lambda group: group.memory_bytes, default=None), tuple(left)


def reclaim(group: Group, wanted_bytes: int, enough: Callable[[], bool]) -> int:
    """Have the kernel take back memory of a group, in small parts until it is `enough`; return the bytes that it took.

    It takes caches, and moves the rest to swap; where there is no more to be had it ends sooner. Raises StepFailed.
    """
    taken_bytes = 0
    try:
        with files.opened(f"{_ROOT}{group.path}") as folder:
            file = os.open("memory.reclaim", os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            try:
                while taken_bytes < wanted_bytes and not enough():
                    part_bytes = min(_CHUNK_BYTES, wanted_bytes - taken_bytes)
                    os.write(file, str(part_bytes).encode("ascii"))
                    taken_bytes += part_bytes
            finally:
                os.close(file)
    except OSError as error:
        # The kernel's word for "less than you asked for".
        if error.errno != errno.EAGAIN:
            raise StepFailed(f"the memory of {group.unit} could not be reclaimed: {error.strerror}") from None
    return taken_bytes
