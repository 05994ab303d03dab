"""What protections keep is named `homeostat-<action>-<incident>`: nothing of any other name is ever deleted."""

from __future__ import annotations

import os
import pathlib
import re
from typing import TYPE_CHECKING, Any

import msgspec

from actor.disk import files

if TYPE_CHECKING:
    from collections.abc import Collection

    from actor.model import Case, Stored
    from homeostat.config import Config
    from homeostat.config.types import Protections

# Where the snapshots of a subvolume lie in it.
SNAPSHOTS = ".homeostat-snapshots"
# A second run in one incident has a number: homeostat-service-restart-0a1b2c3d.2
_OWN = re.compile(r"homeostat-(?P<action>[a-z0-9]+(?:-[a-z0-9]+)*)-(?P<incident>[0-9a-z]+)(?:\.[0-9]+)?")


def name_of(case: Case) -> str:
    """Return the name under which a protection keeps what the case needs."""
    return f"homeostat-{case.action}-{case.incident_id}"


def new_name(case: Case, known: Collection[str]) -> str:
    """Return a name for the case that is none of those known: an earlier run's old state is no later one's."""
    name, number = name_of(case), 1
    while name in known:
        number += 1
        name = f"{name_of(case)}.{number}"
    return name


def incident_of(name: str) -> str | None:
    """Return the incident that a kept thing belongs to, or None when its name is none of ours."""
    match = _OWN.fullmatch(name)
    return match.group("incident") if match is not None else None


def own(name: str) -> str:
    """Return `name`. Raises ValueError when it is none of ours, so that nothing else is ever deleted."""
    if incident_of(name) is None:
        raise ValueError(f"{name!r} is no name of ours (homeostat-ACTION-INCIDENT), so it is not touched")
    return name


def why_gone(stored: Stored, protections: Protections, now: float) -> str | None:
    """Return in words why what is kept may be deleted at a Unix time, or None while it is young and there is room."""
    if now - stored.kept.made_at > protections.retention:
        return f"after {protections.retention}"
    if stored.room_ratio < protections.keep_free:
        return f"for want of space: {stored.room_ratio:.0%} of {stored.kept.place} was free, {protections.keep_free:.0%} is kept free"
    return None


def room_ratio(place: str) -> float:
    """Return the free share (0..1) of the file system that the folder `place` lies on. Raises OSError."""
    with files.opened(place) as descriptor:
        status = os.fstatvfs(descriptor)
    return status.f_bavail / status.f_blocks


def free_bytes(place: str) -> int:
    """Return the bytes that are free where the folder `place` lies or will lie. Raises OSError."""
    status = os.statvfs(_existing(place))
    return status.f_bavail * status.f_frsize


def same_subvolume(one: str, other: str) -> bool:
    """Say whether two folders lie on one device, which a btrfs subvolume is of its own; of a missing one its nearest parent counts. Raises OSError."""
    return _device(one) == _device(other)


def _device(path: str) -> int:
    # Symlinks are followed, as they are by whoever writes there.
    return _existing(path).stat().st_dev


def _existing(path: str) -> pathlib.Path:
    place = pathlib.Path(path)
    return next(folder for folder in (place, *place.parents) if folder.exists())


def pinned(config: Config, place: str) -> str | None:
    """Say what a snapshot of all that lies on the device of `place` would pin that it must not: what is to be freed, the actor's own state and ballast."""
    freed = {f"cleanup rule {name}": rule.directory for name, rule in config.cleanup.items()}
    freed |= {f"file system {name}": filesystem.path or name for name, filesystem in config.filesystems.items()}
    try:
        if any(same_subvolume(place, own) for own in (config.actor.state_directory, config.actor.root_directory)):
            return f"{place} holds the actor's own state, which no snapshot may pin"
        covered = next((name for name, folder in freed.items() if same_subvolume(place, folder)), None)
    except OSError as error:
        return f"nobody can tell what a snapshot of {place} would pin: {error}"
    return f"{place} holds what {covered} is to free, which no snapshot may pin" if covered is not None else None


def written(record: msgspec.Struct) -> dict[str, Any]:
    """Return a protection's record as the journal and root's answers hold it."""
    converted: dict[str, Any] = msgspec.to_builtins(record)
    return converted
