"""A read-only btrfs snapshot of the service's own subvolume; undo is three-way, path by path."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import stat
from typing import Any

import msgspec

from actor import files, unit
from actor.model import Case, Protection, Restored, Unprotectable
from homeostat import shell

BTRFS = "/usr/bin/btrfs"
FOLDER = ".homeostat-snapshots"
_SUBVOLUME_INODE = 256
_DEADLINE_SECONDS = 30

Stamp = tuple[int, int, int, int]
Manifest = dict[str, Stamp]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What an undo needs: where the subvolume and its snapshot are, and how each changed path was left (absent: removed)."""

    subvolume: str
    snapshot: str
    changed: dict[str, Stamp | None] = {}


def _obstacle(case: Case) -> str | None:
    subvolume = case.service.subvolume if case.service is not None else None
    if subvolume is None:
        return f"{case.target} has no subvolume in the configuration"
    if not pathlib.Path(BTRFS).exists():
        return f"{BTRFS} is not installed"
    if pathlib.PurePosixPath(case.config.actor.state_directory).is_relative_to(subvolume):
        return f"{subvolume} holds the actor's own state, which no snapshot may pin"
    return _obstacle_in(subvolume)


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
    assert case.service is not None
    assert case.service.subvolume is not None
    folder = pathlib.Path(case.service.subvolume, FOLDER)
    snapshot = folder / f"homeostat-{case.action}-{case.incident_id}"
    if folder.is_symlink():
        raise Unprotectable(f"{folder} is a symlink")
    folder.mkdir(mode=0o700, exist_ok=True)
    if snapshot.exists():
        # The same incident was interrupted before it had any effect: its snapshot still is the state before.
        return _builtins(Record(subvolume=case.service.subvolume, snapshot=str(snapshot)))
    taken = shell.run((BTRFS, "subvolume", "snapshot", "-r", "--", case.service.subvolume, str(snapshot)), _DEADLINE_SECONDS)
    if not taken.ok:
        raise Unprotectable(f"no snapshot could be taken: {taken}")
    return _builtins(Record(subvolume=case.service.subvolume, snapshot=str(snapshot)))


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    """Note how the action left each path that it changed, so that an undo can tell later edits from its own."""
    del case
    taken = msgspec.convert(record, Record)
    before, after = _manifest(taken.snapshot), _manifest(taken.subvolume)
    changed = {path: after.get(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return _builtins(msgspec.structs.replace(taken, changed=changed))


def _manifest(root: str) -> Manifest:
    found: Manifest = {}
    with files.opened(root) as descriptor:
        for folder, folder_descriptor, names in files.walk(descriptor):
            for name in names:
                path = str(folder / name)
                # What is no UTF-8 cannot be journaled, so it can never be reverted either.
                status = files.status_of(name, folder_descriptor) if files.is_utf8(path) else None
                if status is not None and (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                    found[path] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def _keep(case: Case, record: dict[str, Any]) -> None:
    del case, record


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    """Put each changed path back as the snapshot has it, but only where it still is what the action left.

    Never under a running service: what it has open would be torn. Then every path is left, and the snapshot stays.
    """
    taken = msgspec.convert(record, Record)
    if taken.changed and case.service is not None and unit.show(case.service).active:
        return Restored(conflicts=tuple(f"{taken.subvolume}/{path} (in use; its old state is in {taken.snapshot})" for path in sorted(taken.changed)))
    restored, conflicts, now = 0, [], _manifest(taken.subvolume)
    if not taken.changed:
        return Restored()
    with files.opened(taken.snapshot) as before, files.opened(taken.subvolume) as live:
        for path, left in sorted(taken.changed.items()):
            try:
                if now.get(path) == left:
                    _put_back(before, live, pathlib.PurePosixPath(path))
                    restored += 1
                elif not _already_back(before, live, pathlib.PurePosixPath(path)):
                    conflicts.append(f"{taken.subvolume}/{path}")
            except NotADirectoryError:
                # A symlink or a file stands where the folder was: whoever put it there has the say.
                conflicts.append(f"{taken.subvolume}/{path}")
    return Restored(restored=restored, conflicts=tuple(conflicts))


def _already_back(before: int, live: int, path: pathlib.PurePosixPath) -> bool:
    # An undo that was killed half-way is repeated: what it has put back is equal in size and time, not in inode.
    one, other = _status_below(before, path), _status_below(live, path)
    if one is None or other is None:
        return one is other
    return (one.st_size, one.st_mtime_ns, one.st_mode) == (other.st_size, other.st_mtime_ns, other.st_mode)


def _status_below(root: int, path: pathlib.PurePosixPath) -> os.stat_result | None:
    try:
        with files.opened_below(root, path.parent) as folder:
            return files.status_of(path.name, folder)
    except FileNotFoundError:
        return None


def _put_back(before: int, live: int, path: pathlib.PurePosixPath) -> None:
    status = _status_below(before, path)
    if status is None:
        with contextlib.suppress(FileNotFoundError), files.opened_below(live, path.parent) as place:
            os.unlink(path.name, dir_fd=place)
        return
    _make_folders(before, live, path.parent)
    aside = f".{path.name}.homeostat-undo"
    with files.opened_below(before, path.parent) as source, files.opened_below(live, path.parent) as place:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside, dir_fd=place)
        # By way of /proc the copy starts at the open folders: no symlink on the way can lead it elsewhere.
        shutil.copy2(f"/proc/self/fd/{source}/{path.name}", f"/proc/self/fd/{place}/{aside}", follow_symlinks=False)
        os.chown(aside, status.st_uid, status.st_gid, dir_fd=place, follow_symlinks=False)
        # The rename is the only moment at which the path changes: it holds the old or the new content, never half.
        os.rename(aside, path.name, src_dir_fd=place, dst_dir_fd=place)


def _make_folders(before: int, live: int, folder: pathlib.PurePosixPath) -> None:
    """Make what is missing on the way to `folder`, with the owner and mode that the snapshot has."""
    for missing in [*reversed(folder.parents[:-1]), *([folder] if folder.parts else [])]:
        if _status_below(live, missing) is not None:
            continue
        with files.opened_below(before, missing) as source, files.opened_below(live, missing.parent) as place:
            status = os.fstat(source)
            os.mkdir(missing.name, 0o700, dir_fd=place)
            os.chown(missing.name, status.st_uid, status.st_gid, dir_fd=place, follow_symlinks=False)
            os.chmod(missing.name, stat.S_IMODE(status.st_mode), dir_fd=place)


def _builtins(record: Record) -> dict[str, Any]:
    converted: dict[str, Any] = msgspec.to_builtins(record)
    return converted


PROTECTION = Protection(obstacle=_obstacle, protect=_protect, seal=_seal, keep=_keep, roll_back=_roll_back)
