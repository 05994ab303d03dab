"""Asks a service's manager what it knows; every manager answers in systemd's `Key=Value` lines."""

from __future__ import annotations

import math
import pathlib
import re
from typing import TYPE_CHECKING

import msgspec

from actor import managers, systemctl
from actor.kinds import Manager
from actor.model import StartLimit, StepFailed, UnitState
from homeostat import shell
from homeostat.clock import uptime_seconds
from homeostat.discovery import discover
from homeostat.units.files import QUADLETS
from homeostat.units.show import changed_at, main_pid, memory_bytes, moment, values_of

if TYPE_CHECKING:
    from homeostat.config.catalogue import Service

MANAGERS = discover(managers, "MANAGER", Manager)
_SHOW_SECONDS, _PROBE_SECONDS = 10, 10
_TOUCHED = ("Names", "RequiredBy", "BoundBy", "ConsistsOf")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(|us|ms|s|min|h|d|w|month|y)")
_SPANS = {"": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0, "month": 2629800.0, "y": 31557600.0}


def show(service: Service) -> UnitState:
    """Return what the manager says of `service` now.

    Raises:
        StepFailed: the manager gave no answer, one without ActiveState, or knows no such unit that could run.

    """
    completed = shell.run(MANAGERS[service.manager].show(service), _SHOW_SECONDS)
    values = values_of(completed.output)
    if not completed.ok or "ActiveState" not in values:
        raise StepFailed(f"the manager does not say how the service is: {completed}")
    if values.get("LoadState", "loaded") != "loaded":
        raise StepFailed(f"the unit {service.unit!r} is {values['LoadState']}; only a loaded one can be restarted")
    if values.get("ContainerName", service.unit) != service.unit:
        raise StepFailed(f"no container has the name {service.unit!r}; the id of {values['ContainerName']!r} only begins like it")
    files, started_at = (*_files(values), *_unnoticed(service, values)), _started_at(values)
    return UnitState(
        active=values["ActiveState"] == "active",
        invocation=values.get("InvocationID", ""),
        main_pid=main_pid(values),
        image=values.get("ImageID") or None,
        memory_bytes=memory_bytes(values),
        needs_reload=values.get("NeedDaemonReload") == "yes",
        edited=next((path for path in files if started_at is not None and changed_at(path) > started_at), None),
        touches=tuple(name for key in _TOUCHED for name in values.get(key, "").split()),
        start_limit=_start_limit(values),
        files=files,
        started_at=started_at,
    )


def is_well(service: Service) -> bool:
    """Say whether a service is up: its manager says active, and its health probe, where it has one, passes. Raises StepFailed as `show`."""
    healthy = service.health is None or shell.run(service.health, _PROBE_SECONDS).ok
    return healthy and show(service).active


def starts(service: Service) -> int:
    """Return how often the unit was started within its start limit, 0 where it has none.

    Raises:
        StepFailed: the manager or the journal does not tell.

    """
    limit = show(service).start_limit
    within_seconds = math.inf if limit is None or limit.within_seconds is None else limit.within_seconds
    if limit is None or limit.unchanged_seconds > within_seconds:
        return 0
    manager = MANAGERS[service.manager]
    assert manager.starts is not None
    # A start is told by two messages at most, and beyond the limit it does not matter how many there were.
    completed = shell.run(manager.starts(service, 2 * limit.burst + 2), _SHOW_SECONDS)
    try:
        told = [msgspec.json.decode(line, type=_Told) for line in completed.output.splitlines()]
    except msgspec.DecodeError:
        told = []
    if not completed.ok or not told:
        raise StepFailed(f"the journal does not tell how often {service.unit!r} was started")
    since = uptime_seconds() - within_seconds
    return len({told.invocation for told in told if told.at_seconds >= since})


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """A message of systemd's in the journal; its time is since boot."""

    since_boot_us: str = msgspec.field(name="__MONOTONIC_TIMESTAMP")
    of_system: str = msgspec.field(default="", name="INVOCATION_ID")
    of_user: str = msgspec.field(default="", name="USER_INVOCATION_ID")

    @property
    def invocation(self) -> str:
        return self.of_system or self.of_user

    @property
    def at_seconds(self) -> float:
        return int(self.since_boot_us) / 1e6


def _start_limit(values: dict[str, str]) -> StartLimit | None:
    burst, changed = values.get("StartLimitBurst", ""), values.get("StateChangeTimestampMonotonic", "")
    within_seconds = _span_seconds(values.get("StartLimitIntervalUSec", "0"))
    if not (burst.isdecimal() and int(burst) and within_seconds):
        return None
    unchanged_seconds = uptime_seconds() - int(changed) / 1e6 if changed.isdecimal() else 0.0
    within = None if math.isinf(within_seconds) else within_seconds
    return StartLimit(burst=int(burst), within_seconds=within, unchanged_seconds=max(0.0, unchanged_seconds))


def _span_seconds(span: str) -> float:
    """Read a time span as systemd prints it, `1min 30s`; one that cannot be read counts as for ever, like `infinity`."""
    parts = [_SPAN.fullmatch(word) for word in span.split()]
    return sum(float(part[1]) * _SPANS[part[2]] if part is not None else math.inf for part in parts)


def _files(values: dict[str, str]) -> tuple[str, ...]:
    """Return the files that a unit is made of and that a person may edit."""
    fragment = values.get("FragmentPath", "")
    # A generator writes its units afresh at every reload; what a person edits is their source.
    own = values.get("SourcePath", "") if "/systemd/generator" in fragment else fragment
    # What `systemctl set-property` writes is in force already.
    drop_ins = [path for path in values.get("DropInPaths", "").split() if "/system.control/" not in path and "/systemd/generator" not in path]
    return tuple(path for path in [own, *drop_ins, *_quadlets_own(own)] if path)


def _unnoticed(service: Service, values: dict[str, str]) -> list[str]:
    """Return drop-ins of a unit's own that systemd does not tell of: a folder that is new it finds only when it happens to look again."""
    fragment = values.get("FragmentPath", "")
    if not fragment:
        return []
    home = systemctl.place_of(systemctl.user_of(service)).home
    own = [f"{fragment}.d"] if "/systemd/generator" not in fragment else []
    folders = {*own, f"{home}/.config/systemd/user/{service.unit}.d" if home is not None else f"/etc/systemd/system/{service.unit}.d"}
    told = values.get("DropInPaths", "").split()
    return [path for folder in sorted(folders) for path in map(str, sorted(pathlib.Path(folder).glob("*.conf"))) if path not in told]


def _quadlets_own(path: str) -> list[str]:
    """Return the drop-ins of a quadlet, of which systemd does not know, and their folder, which changes when one comes or goes."""
    folder = pathlib.Path(f"{path}.d")
    return [str(folder), *map(str, sorted(folder.glob("*.conf")))] if path.endswith(QUADLETS) and folder.is_dir() else []


def _started_at(values: dict[str, str]) -> float | None:
    try:
        return moment(values.get("ExecMainStartTimestamp", ""))
    except ValueError as fault:
        raise StepFailed(str(fault)) from None
