"""What a person's own guarded commands need for an undo: one durable file each, which needs neither journal nor actor."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from actor.disk import durable
from actor.model import Kept

if TYPE_CHECKING:
    from homeostat.config import Config

ACTION = "guard"
FOLDER = "guarded"

State = Literal["running", "kept", "rolled_back", "rollback_conflict", "stranded"]


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """One command that ran under guard at a Unix time, and the records of the protections of its paths, as a journal would have them."""

    id: str
    argv: tuple[str, ...]
    paths: tuple[str, ...]
    made_at: float
    records: tuple[dict[str, Any], ...]
    state: State = "running"


def put(config: Config, guarded: Guarded) -> None:
    """Write it down, whole or not at all, before anything depends on it. Raises OSError."""
    place = _folder(config)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable.put(str(place), f"{guarded.id}.json", msgspec.json.encode(guarded))


def find(config: Config, guard_id: str) -> Guarded | None:
    """Return what is known of one guarded command, or None. Raises OSError."""
    return next((guarded for guarded in everything(config) if guarded.id == guard_id), None)


def everything(config: Config) -> list[Guarded]:
    """Return all that is written down, the oldest first. Raises OSError."""
    return sorted(map(_read, _folder(config).glob("*.json")), key=lambda guarded: guarded.made_at)


def _read(path: pathlib.Path) -> Guarded:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Guarded)
    except ValueError as error:
        raise OSError(f"{path} is not what a guard wrote down, and tells of nothing that is kept: {error}") from None


def running(config: Config, now: float) -> set[str]:
    """Return the names under which things are kept for commands that may still run; one that was killed counts so for its retention. Raises OSError."""
    return {name_of(one) for one in everything(config) if one.state == "running" and now - one.made_at <= config.protections.retention}


def kept(config: Config) -> list[tuple[str, Kept]]:
    """Return the snapshots that guarded commands were given, which may lie where no configuration names a place. Raises OSError."""
    found = []
    for one in everything(config):
        for record in one.records:
            snapshot, subvolume = (record["record"].get(name) for name in ("snapshot", "subvolume"))
            if snapshot is not None and pathlib.Path(snapshot).exists():
                bare = {"subvolume": subvolume, "snapshot": snapshot}
                found.append((record["protection"], Kept(name=name_of(one), place=subvolume, made_at=one.made_at, record=bare)))
    return found


def name_of(one: Guarded) -> str:
    """Return the name under which protections keep what a guarded command needs."""
    return f"homeostat-{ACTION}-{one.id}"


def forget(config: Config, name: str) -> None:
    """Remove what is written down of a guarded command when the protection of that name is gone: half an undo is none. Raises OSError."""
    for one in everything(config):
        if name_of(one) == name and not any(other == name for other in _still_kept(one)):
            _folder(config).joinpath(f"{one.id}.json").unlink(missing_ok=True)


def _still_kept(one: Guarded) -> list[str]:
    places = [record["record"].get("snapshot") or record["record"].get("folder") for record in one.records]
    return [pathlib.PurePosixPath(place).name for place in places if pathlib.Path(place).exists()]


def _folder(config: Config) -> pathlib.Path:
    return pathlib.Path(config.actor.root_directory, FOLDER)
