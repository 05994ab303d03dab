"""Undo, three-way: a path goes back only if it still is what the action left, and a rename is the only moment at which it changes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from actor.disk import entries, files
from actor.model import Restored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_TOLD = 100
_HERE = pathlib.PurePosixPath()

Judgement = Literal["ours", "back", "touched"]


class Trace(msgspec.Struct, frozen=True, array_like=True):
    """What tells the state of one path; a folder has no size and no times, for these change with its entries."""

    inode: int
    mode: int
    uid: int
    gid: int
    size: int = 0
    modified_ns: int = 0
    changed_ns: int = 0

    @property
    def is_folder(self) -> bool:
        """It is a folder."""
        return stat.S_ISDIR(self.mode)

    def looks_like(self, other: Trace) -> bool:
        """Say whether two traces are equal but for inode and ctime, which no copy can share."""
        return (self.mode, self.uid, self.gid, self.size, self.modified_ns) == (other.mode, other.uid, other.gid, other.size, other.modified_ns)

    def is_same(self, other: Trace) -> bool:
        """Say whether two traces are of one inode with one content, whose ctime a rename may have moved."""
        return (self.inode, self.size, self.modified_ns) == (other.inode, other.size, other.modified_ns)


Changes = dict[str, Trace | None]
Part = tuple[tuple[str, ...], dict[str, Trace]]
Undo = Callable[[int, int, Changes], Restored]


def trace_of(status: os.stat_result) -> Trace | None:
    """Return the trace of a file, a symlink or a folder; None for devices, sockets and pipes, which no undo can make."""
    owner = (status.st_ino, status.st_mode, status.st_uid, status.st_gid)
    if stat.S_ISDIR(status.st_mode):
        return Trace(*owner)
    if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
        return Trace(*owner, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return None


def trace_below(root: int, path: str) -> Trace | None:
    """Return the trace of what stands at a path below an open folder; None where nothing does, as behind a symlink. Raises OSError."""
    place = pathlib.PurePosixPath(path)
    try:
        with files.opened_below(root, place.parent) as folder:
            return _trace(place.name, folder)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _trace(name: str, folder: int) -> Trace | None:
    status = files.status_of(name, folder)
    return trace_of(status) if status is not None else None


def traces(descriptor: int, below: pathlib.PurePosixPath = _HERE) -> dict[str, Trace]:
    """Return the traces of all that lies below an open folder, on its own device and mount; their paths are told from `below`.

    What is no UTF-8 is left out: it cannot be journaled, so it can never be reverted either.
    """
    return {path: seen for _, part in by_folder(descriptor, below) for path, seen in part.items()}


def by_folder(descriptor: int, below: pathlib.PurePosixPath = _HERE) -> Iterator[Part]:
    """Yield the same folder by folder, in the order of their paths: each one's parts, and the traces of it and of its entries but folders."""
    for folder, folder_descriptor, names in files.walk(descriptor):
        found = {}
        statuses = {folder / name: files.status_of(name, folder_descriptor) for name in names}
        if folder.parts:
            statuses[folder] = os.fstat(folder_descriptor)
        for path, status in statuses.items():
            seen = trace_of(status) if status is not None else None
            if seen is not None and files.is_utf8(str(path)):
                found[str(below / path)] = seen
        yield folder.parts, found


def changes(before: dict[str, Trace], after: dict[str, Trace]) -> Changes:
    """Return what an action left of each path that it changed; None where it removed it."""
    return {path: after.get(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def unsealed(paths: Iterable[str], where: str) -> Restored:
    """Return the undo of an action that was interrupted before anybody noted what it left: nothing is reverted, all is named."""
    return Restored(conflicts=tuple(f"{path} (changed, and nobody knows by whom; its old state is in {where})" for path in sorted(paths)))


def rehearse(before: int, live: int, changed: Changes) -> Restored:
    """Tell what `revert` would do, changing nothing. Raises OSError."""
    judged: dict[str, Judgement] = {}
    for path in sorted(changed):
        waits = changed[path] is None and _comes_back(str(pathlib.PurePosixPath(path).parent), judged, changed)
        judged[path] = "ours" if waits else _judged(before, live, path, changed[path])
    ours = [path for path, judgement in judged.items() if judgement == "ours"]
    touched = [path for path, judgement in judged.items() if judgement == "touched"]
    return Restored(restored=len(ours), conflicts=tuple(touched), paths=tuple(ours[:MOST_TOLD]))


def _comes_back(folder: str, judged: dict[str, Judgement], changed: Changes) -> bool:
    """Say whether a folder that is none now would be put back before what belongs into it."""
    left = changed.get(folder)
    return judged.get(folder) == "ours" and (left is None or not left.is_folder)


def revert(before: int, live: int, changed: Changes) -> Restored:
    """Make each changed path below the open folder `live` what it is below `before`, unless someone touched it since.

    What the action made goes first, the deepest first; then what it changed or removed comes back, folders first. It may be
    killed anywhere and repeated. Raises OSError.
    """
    restored, conflicts = [], []
    for path in _in_order(before, changed):
        judgement = _judged(before, live, path, changed[path])
        if judgement == "ours" and _put_back(before, live, path, changed[path]):
            restored.append(path)
        elif judgement != "back" or not _tidied(live, path, changed[path]):
            conflicts.append(path)
    return Restored(restored=len(restored), conflicts=tuple(sorted(conflicts)), paths=tuple(sorted(restored)[:MOST_TOLD]))


def _in_order(before: int, changed: Changes) -> list[str]:
    made = {path for path in changed if trace_below(before, path) is None}
    return sorted(made, reverse=True) + sorted(changed.keys() - made)


def _judged(before: int, live: int, path: str, left: Trace | None) -> Judgement:
    old, now = trace_below(before, path), trace_below(live, path)
    if now is not None and old is not None and old.is_folder and now.looks_like(old):
        # A folder that was removed and made again differs in its inode alone, and no undo can give that back.
        return "back"
    if now == left:
        # Where the folder is gone, or a symlink or a file has its place, whoever did that has the say.
        return "ours" if now is not None or _has_folder(live, path) else "touched"
    if now is None or old is None:
        return "back" if now is old else "touched"
    if now.looks_like(old):
        return "back"
    return "ours" if left is not None and _is_between(now, old, left) else "touched"


def _is_between(now: Trace, old: Trace, left: Trace) -> bool:
    # A folder's owner and mode go back one after the other: a kill between them leaves a mixture that is ours.
    if not (now.is_folder and old.is_folder and left.is_folder and now.inode == left.inode):
        return False
    return now.mode in {old.mode, left.mode} and now.uid in {old.uid, left.uid} and now.gid in {old.gid, left.gid}


def _has_folder(live: int, path: str) -> bool:
    try:
        with files.opened_below(live, pathlib.PurePosixPath(path).parent):
            return True
    except (FileNotFoundError, NotADirectoryError):
        return False


def _put_back(before: int, live: int, path: str, left: Trace | None) -> bool:
    """Put one path back; False when someone touched it meanwhile, and then theirs is what stands there."""
    place, old = pathlib.PurePosixPath(path), trace_below(before, path)
    try:
        with files.opened_below(live, place.parent) as folder:
            if old is None:
                done = left is not None and _remove(folder, place.name, left)
            elif left is not None and old.is_folder and left.is_folder:
                done = _set_folder(folder, place.name, old, left)
            else:
                with files.opened_below(before, place.parent) as source:
                    done = _return(source, folder, place.name, left)
            os.fsync(folder)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return done


def _remove(folder: int, name: str, left: Trace) -> bool:
    if left.is_folder:
        return _deleted(name, folder)
    os.rename(name, _aside(name), src_dir_fd=folder, dst_dir_fd=folder)
    if _settled(folder, name, left):
        return True
    entries.rename_new(_aside(name), name, folder)
    return False


def _return(source: int, folder: int, name: str, left: Trace | None) -> bool:
    aside = _aside(name)
    _deleted(aside, folder)
    entries.copy(source, name, folder, aside)
    if left is None:
        came_first = entries.rename_new(aside, name, folder)
        _deleted(aside, folder)
        return came_first
    now = _trace(name, folder)
    if now is None or not now.is_same(left):
        # Copying takes a while, and where a file system knows no exchange nobody can look afterwards.
        _deleted(aside, folder)
        return False
    entries.exchange(aside, name, folder)
    if _settled(folder, name, left):
        return True
    # Someone wrote it, or into it, between the look and the exchange.
    entries.exchange(aside, name, folder)
    _deleted(aside, folder)
    return False


def _settled(folder: int, name: str, left: Trace | None) -> bool:
    """Delete what was taken aside, unless it is not what the action left: then it is somebody's, and False is returned."""
    taken = _trace(_aside(name), folder)
    if taken is None:
        return True
    # Where the action left nothing, what is aside is our own copy that never came to its place.
    return (left is None or taken.is_same(left)) and _deleted(_aside(name), folder)


def _set_folder(folder: int, name: str, old: Trace, left: Trace) -> bool:
    with files.opened_below(folder, pathlib.PurePosixPath(name)) as own:
        if os.fstat(own).st_ino != left.inode:
            # Another folder, put into its place a moment ago: its owner is not ours to change.
            return False
        os.fchown(own, old.uid, old.gid)
        os.fchmod(own, stat.S_IMODE(old.mode))
        os.fsync(own)
    return True


def _tidied(live: int, path: str, left: Trace | None) -> bool:
    """Finish what a killed undo left beside a path that is back; False when that is somebody's, which goes where there is room."""
    place = pathlib.PurePosixPath(path)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), files.opened_below(live, place.parent) as folder:
        if not _settled(folder, place.name, left):
            entries.rename_new(_aside(place.name), place.name, folder)
            return False
    return True


def _aside(name: str) -> str:
    # Short whatever the name, and the same each time, so that a repeated undo finds what a killed one left.
    return f".homeostat-undo-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"


def _deleted(name: str, folder: int) -> bool:
    """Delete an entry; False when it is a folder that somebody has put something into."""
    status = files.status_of(name, folder)
    if status is None:
        return True
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=folder)
        return True
    try:
        os.rmdir(name, dir_fd=folder)
    except OSError:
        return False
    return True
