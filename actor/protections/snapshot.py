"""A read-only btrfs snapshot of the subvolume that holds a service's data; undo is three-way, path by path."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from actor import unit
from actor.disk import files, shelf, space, subvolumes, three_way
from actor.disk.differences import differences
from actor.disk.three_way import Changes
from actor.kinds import Protection
from actor.model import Case, Kept, Restored, Unprotectable
from homeostat import btrfs, shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.disk.three_way import Trace
    from homeostat.config import Config

BTRFS = "/usr/bin/btrfs"
FOLDER = shelf.SNAPSHOTS
_SUBVOLUME_INODE = 256
# In a snapshot a subvolume below is an empty folder of this inode.
_EMPTY_SUBVOLUME_INODE = 2
# linux/btrfs.h; in the arguments stand the source's descriptor, a transaction, flags, four spare words, and a name.
_SNAP_CREATE, _CREATE_ARGUMENTS, _READ_ONLY = 0x50009417, "=qQQ32s4040s", 1 << 1
_SNAP_DESTROY, _DESTROY_ARGUMENTS = 0x5000940F, "=q4088s"
_FREEING_SECONDS = 60


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What an undo needs: where the subvolume and its snapshot are, and what the action left of each path that it changed, once sealed."""

    subvolume: str
    snapshot: str
    changed: Changes | None = None


def _obstacle(case: Case) -> str | None:
    if case.subvolume is None:
        return f"{case.target} has no subvolume in the configuration"
    return _obstacle_in(case.subvolume) or shelf.pinned(case.config, case.subvolume)


def _obstacle_in(subvolume: str) -> str | None:
    try:
        with files.opened(subvolume) as descriptor:
            inode = os.fstat(descriptor).st_ino
            if os.fstatvfs(descriptor).f_flag & os.ST_RDONLY or not os.access(subvolume, os.W_OK):
                return f"{subvolume} is read-only"
            if files.filesystem_kind(descriptor) != "btrfs":
                return f"{subvolume} is no btrfs subvolume"
    except OSError as error:
        return f"{subvolume} cannot be opened: {error.strerror}"
    return None if inode == _SUBVOLUME_INODE else f"{subvolume} is no btrfs subvolume"


def _protect(case: Case) -> dict[str, Any]:
    obstacle = _obstacle(case)
    if obstacle:
        raise Unprotectable(obstacle)
    assert case.subvolume is not None
    try:
        with files.opened(case.subvolume) as live, files.opened_below(live, pathlib.PurePosixPath(FOLDER), make=True) as folder:
            if os.fstat(folder).st_uid != os.geteuid():
                raise Unprotectable(f"{case.subvolume}/{FOLDER} belongs to somebody else")
            name = shelf.new_name(case, os.listdir(folder))  # noqa: PTH208 - by descriptor
            # By descriptor, so that no symlink that the service's user lays leads it elsewhere; it is on the disk when this returns.
            fcntl.ioctl(folder, _SNAP_CREATE, bytearray(struct.pack(_CREATE_ARGUMENTS, live, 0, _READ_ONLY, b"", name.encode())))
    except OSError as error:
        raise Unprotectable(f"no snapshot can be taken in {case.subvolume}/{FOLDER}: {error.strerror}") from None
    return shelf.written(Record(subvolume=case.subvolume, snapshot=f"{case.subvolume}/{FOLDER}/{name}"))


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    """Note how the action left each path that it changed, so that an undo can tell later edits from its own."""
    del case
    taken = msgspec.convert(record, Record)
    return shelf.written(msgspec.structs.replace(taken, changed=_changes(taken)))


def _changes(taken: Record) -> Changes:
    with files.opened(taken.snapshot) as before, files.opened(taken.subvolume) as live:
        return differences(before, live, _counts)


def _counts(path: str, seen: Trace) -> bool:
    return path != FOLDER and not (seen.is_folder and seen.inode == _EMPTY_SUBVOLUME_INODE)


def _keep(case: Case, record: dict[str, Any]) -> None:
    del case, record


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    """Put each changed path back as the snapshot has it, but only where it still is what the action left."""
    return _judge(case, record) or _three_way(record, three_way.revert)


def _rehearse(case: Case, record: dict[str, Any]) -> Restored:
    return _judge(case, record) or _three_way(record, three_way.rehearse)


def _judge(case: Case, record: dict[str, Any]) -> Restored | None:
    """Return why nothing is put back: nobody noted what the action left, or a running service has it open and would be torn."""
    taken = msgspec.convert(record, Record)
    if taken.changed is None:
        return _named(taken, three_way.unsealed(_changes(taken), taken.snapshot))
    if taken.changed and case.service is not None and unit.show(case.service).active:
        return Restored(conflicts=tuple(f"{taken.subvolume}/{path} (in use; its old state is in {taken.snapshot})" for path in sorted(taken.changed)))
    return None


def _three_way(record: dict[str, Any], how: three_way.Undo) -> Restored:
    taken = msgspec.convert(record, Record)
    if not taken.changed:
        return Restored()
    with files.opened(taken.snapshot) as before, files.opened(taken.subvolume) as live:
        return _named(taken, how(before, live, taken.changed))


def _named(taken: Record, undone: Restored) -> Restored:
    conflicts, paths = (tuple(f"{taken.subvolume}/{path}" for path in of) for of in (undone.conflicts, undone.paths))
    return Restored(restored=undone.restored, conflicts=conflicts, paths=paths)


def _kept(config: Config) -> tuple[Kept, ...]:
    found = []
    for subvolume in sorted({service.subvolume for service in config.services.values() if service.subvolume is not None}):
        with contextlib.suppress(OSError), files.opened(f"{subvolume}/{FOLDER}") as folder:
            for name in sorted(filter(shelf.incident_of, os.listdir(folder))):  # noqa: PTH208 - by descriptor
                record = shelf.written(Record(subvolume=subvolume, snapshot=f"{subvolume}/{FOLDER}/{name}"))
                found.append(Kept(name=name, place=subvolume, made_at=_made_at(folder, name), record=record))
    return tuple(found)


def _made_at(folder: int, name: str) -> float:
    # A snapshot's inode bears the times of what it was taken of; the file system itself notes when it was taken.
    with files.opened_below(folder, pathlib.PurePosixPath(name)) as snapshot:
        return btrfs.subvolume(snapshot).made_at


def _room(record: dict[str, Any]) -> float:
    return shelf.room_ratio(msgspec.convert(record, Record).subvolume)


def _discard(record: dict[str, Any]) -> None:
    taken = msgspec.convert(record, Record)
    place = pathlib.PurePosixPath(taken.snapshot)
    name = shelf.own(place.name)
    try:
        with files.opened(str(place.parent)) as folder:
            # By descriptor, so that no symlink on the way can lead the deletion elsewhere.
            fcntl.ioctl(folder, _SNAP_DESTROY, bytearray(struct.pack(_DESTROY_ARGUMENTS, 0, name.encode())))
            subvolumes.commit(folder)
    except FileNotFoundError:
        return
    # Until the cleaner has been there, nothing is free; that it takes longer, or that nobody can wait for it, is no fault.
    shell.run((BTRFS, "subvolume", "sync", "--", taken.subvolume), _FREEING_SECONDS)
    space.sync(taken.subvolume)


@contextlib.contextmanager
def _locate(record: dict[str, Any], path: str) -> Iterator[tuple[int, pathlib.PurePosixPath]]:
    taken, wanted = msgspec.convert(record, Record), pathlib.PurePosixPath(path)
    if not wanted.is_relative_to(taken.subvolume):
        raise FileNotFoundError(f"{path} does not lie below {taken.subvolume}")
    with files.opened(taken.snapshot) as before:
        yield before, wanted.relative_to(taken.subvolume)


PROTECTION = Protection(
    word="snapshot",
    obstacle=_obstacle,
    protect=_protect,
    seal=_seal,
    keep=_keep,
    roll_back=_roll_back,
    rehearse=_rehearse,
    kept=_kept,
    room=_room,
    discard=_discard,
    locate=_locate,
)
