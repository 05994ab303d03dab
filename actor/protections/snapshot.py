"""A read-only btrfs snapshot of the service's own subvolume; undo is three-way, path by path."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import stat
from typing import Any

import msgspec

from actor import files
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
            if os.fstatvfs(descriptor).f_flag & os.ST_RDONLY:
                return f"{subvolume} is read-only"
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
                with contextlib.suppress(FileNotFoundError):
                    status = os.lstat(name, dir_fd=folder_descriptor)
                    if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
                        found[str(folder / name)] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found




def _keep(case: Case, record: dict[str, Any]) -> None:
    del case, record


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    """Put each changed path back as the snapshot has it, but only where it still is what the action left."""
    del case
    taken = msgspec.convert(record, Record)
    restored, conflicts, live = 0, [], _manifest(taken.subvolume)
    for path, left in sorted(taken.changed.items()):
        before = pathlib.Path(taken.snapshot, path)
        if live.get(path) != left:
            if not _already_back(before, pathlib.Path(taken.subvolume, path)):
                conflicts.append(str(pathlib.PurePosixPath(taken.subvolume, path)))
            continue
        _put_back(before, pathlib.Path(taken.subvolume, path))
        restored += 1
    return Restored(restored=restored, conflicts=tuple(conflicts))


def _already_back(before: pathlib.Path, live: pathlib.Path) -> bool:
    # An undo that was killed half-way is repeated: what it has put back is equal in size and time, not in inode.
    if not os.path.lexists(before):
        return not os.path.lexists(live)
    if not os.path.lexists(live):
        return False
    one, other = before.lstat(), live.lstat()
    return (one.st_size, one.st_mtime_ns, one.st_mode) == (other.st_size, other.st_mtime_ns, other.st_mode)


def _put_back(before: pathlib.Path, live: pathlib.Path) -> None:
    if not os.path.lexists(before):
        live.unlink()
        return
    aside = live.with_name(f".{live.name}.homeostat-undo")
    aside.unlink(missing_ok=True)
    live.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(before, aside, follow_symlinks=False)
    status = before.lstat()
    os.chown(aside, status.st_uid, status.st_gid, follow_symlinks=False)
    # The rename is the only moment at which the path changes: it holds the old or the new content, never half.
    aside.replace(live)


def _builtins(record: Record) -> dict[str, Any]:
    converted: dict[str, Any] = msgspec.to_builtins(record)
    return converted


PROTECTION = Protection(obstacle=_obstacle, protect=_protect, seal=_seal, keep=_keep, roll_back=_roll_back)
