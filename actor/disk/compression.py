"""Compresses files beside themselves, as `zstd -3` does and `zstd -d` undoes, so that the originals may go."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING

import cramjam

from actor.disk import entries, files

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Iterator

SUFFIX = ".zst"
_LEVEL = 3
# One frame of zstd each: frames behind one another are a file of zstd too, and no file is too large for our memory.
_PART_BYTES = 16 * 1024 * 1024
# What saves less is not worth its being compressed.
_WORTH_RATIO = 0.9
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def compress(name: str, folder: int) -> int | None:
    """Write NAME.zst beside the file `name` of an open folder, with its owner, mode, attributes and times; return the new inode.

    Each part is read back and compared before it is written. None where that name is somebody's, or next to nothing would be
    saved; one that we made before a crash counts as made now. Raises OSError.
    """
    if files.status_of(name + SUFFIX, folder) is not None:
        return _made_before(name, folder)
    aside = _aside(name)
    files.remove_tree(folder, aside)
    try:
        inode = _write(name, aside, folder)
        if inode is not None and entries.rename_new(aside, name + SUFFIX, folder):
            os.fsync(folder)
            return inode
    finally:
        files.remove_tree(folder, aside)
    return None


def _write(name: str, aside: str, folder: int) -> int | None:
    with files.opened_file(name, folder) as source:
        status = os.fstat(source)
        descriptor = os.open(aside, _CREATE, 0o600, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as made:
            made.writelines(_frames(source))
            made.flush()
            entries.copy_attributes(source, descriptor, status)
            os.fsync(descriptor)
            new = os.fstat(descriptor)
    return new.st_ino if new.st_size < _WORTH_RATIO * status.st_size else None


def _frames(source: int) -> Iterator[bytes]:
    place = 0
    while part := os.pread(source, _PART_BYTES, place):
        frame = bytes(cramjam.zstd.compress(part, level=_LEVEL))
        if bytes(cramjam.zstd.decompress(frame)) != part:
            raise OSError(errno.EIO, "what was compressed does not read back the same")
        yield frame
        place += len(part)


def discard(name: str, folder: int, inode: int) -> None:
    """Delete NAME.zst where it still is the file of that inode. Raises OSError."""
    status = files.status_of(name + SUFFIX, folder)
    if status is not None and status.st_ino == inode:
        os.unlink(name + SUFFIX, dir_fd=folder)


def withdraw_all(top: int, paths: Iterable[pathlib.PurePosixPath]) -> None:
    """Delete PATH.zst below an open folder where it holds nothing but what the file at that path does, as we made it: that file is back.

    What somebody has changed since stays; so does what cannot be looked at.
    """
    for path in paths:
        with contextlib.suppress(OSError), files.opened_below(top, path.parent) as folder:
            files.remove_tree(folder, _aside(path.name))
            inode = _made_before(path.name, folder)
            if inode is not None:
                discard(path.name, folder, inode)


def _made_before(name: str, folder: int) -> int | None:
    """Return the inode of NAME.zst if it is exactly what we would make of NAME: compressing gives the same bytes each time."""
    original, made = files.status_of(name, folder), files.status_of(name + SUFFIX, folder)
    if original is None or made is None or not stat.S_ISREG(original.st_mode) or _looks(original) != _looks(made):
        return None
    with files.opened_file(name, folder) as source, files.opened_file(name + SUFFIX, folder) as other:
        place = 0
        for frame in _frames(source):
            if os.pread(other, len(frame), place) != frame:
                return None
            place += len(frame)
        return made.st_ino if place == os.fstat(other).st_size else None


def _aside(name: str) -> str:
    # Short whatever the name, and the same each time, so that what a kill left is found.
    return f".homeostat-compress-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"


def _looks(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns
