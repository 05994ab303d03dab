"""Room for the journal: a place that neither a snapshot nor a full disk takes away, and a ballast to give up when it is short."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import struct
from typing import TYPE_CHECKING

from actor.disk import files

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

log = logging.getLogger(__name__)

# linux/btrfs.h and linux/fs.h; asking the kernel itself needs no program of the owner's to be installed.
_SUBVOLUME_CREATE = 0x5000940E
_NAME_BYTES = 4088
_GET_FLAGS, _SET_FLAGS = 0x80086601, 0x40086602
_NO_COPY_ON_WRITE = 0x00800000
_SUBVOLUME_INODE = 256


def make_place(directory: pathlib.Path) -> None:
    """Make the state directory if there is none, for nobody else; on btrfs a subvolume of its own, without copy-on-write.

    A snapshot of what lies around it then pins neither journal nor ballast, and writing over what is there needs no new room.

    Raises:
        OSError: there is none and it cannot be made.

    """
    is_there = directory.is_dir()
    directory.parent.mkdir(parents=True, exist_ok=True)
    if _kind(directory if is_there else directory.parent) == "btrfs":
        _make_on_btrfs(directory)
    else:
        directory.mkdir(mode=0o700, exist_ok=True)
    if not is_there:
        _sync(directory.parent)


def _make_on_btrfs(directory: pathlib.Path) -> None:
    owner = directory.stat() if directory.exists() else None
    if owner is not None and owner.st_ino != _SUBVOLUME_INODE:
        # systemd makes it before we start; while it is empty it can still become what it should be.
        with contextlib.suppress(OSError):
            directory.rmdir()
    if not directory.exists():
        _make_subvolume(directory)
        directory.chmod(owner.st_mode & 0o7777 if owner is not None else 0o700)
        os.chown(directory, *((owner.st_uid, owner.st_gid) if owner is not None else (-1, -1)))
    if directory.stat().st_ino != _SUBVOLUME_INODE:
        log.warning("%s is no subvolume of its own: a snapshot of what lies around it keeps the room that the ballast should give", directory)
    _stop_copying_on_write(directory)


def _make_subvolume(directory: pathlib.Path) -> None:
    arguments = bytearray(struct.pack(f"=q{_NAME_BYTES}s", 0, os.fsencode(directory.name)))
    with _opened(directory.parent) as parent:
        fcntl.ioctl(parent, _SUBVOLUME_CREATE, arguments)


def _stop_copying_on_write(directory: pathlib.Path) -> None:
    """Have files that are made in `directory` from now on written over in place."""
    with _opened(directory) as descriptor, contextlib.suppress(OSError):
        flags = struct.unpack("=l", fcntl.ioctl(descriptor, _GET_FLAGS, struct.pack("=l", 0)))[0]
        fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("=l", flags | _NO_COPY_ON_WRITE))


def _kind(directory: pathlib.Path) -> str:
    with _opened(directory) as descriptor:
        return files.filesystem_kind(descriptor)


def _sync(directory: pathlib.Path) -> None:
    with _opened(directory) as descriptor:
        os.fsync(descriptor)


@contextlib.contextmanager
def _opened(directory: pathlib.Path) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class Ballast:
    """A file that only takes room, so that there is some to give up; of no bytes it is always laid."""

    def __init__(self, path: pathlib.Path, size_bytes: int) -> None:
        """Say where it lies and how large it is to be."""
        self._path = path
        self._size_bytes = size_bytes

    @property
    def laid(self) -> bool:
        """It takes all the room that it should."""
        try:
            status = self._path.stat()
        except OSError:
            return self._size_bytes == 0
        return status.st_size == self._size_bytes <= status.st_blocks * 512

    def lay(self) -> None:
        """Lay it if it is not and if as much again stays free; what the disk refuses is tried another time."""
        with contextlib.suppress(OSError):
            if self.laid or free_bytes(self._path.parent) < 2 * self._size_bytes:
                return
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size_bytes)

    def give_up(self) -> None:
        """Give its room to what is more urgent."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def shortage(self) -> str | None:
        """Return in words that room is short where it lies, or None while there is enough."""
        try:
            free = free_bytes(self._path.parent)
        except OSError as error:
            return f"the room at {self._path.parent} is not known: {error.strerror}"
        if free < self._size_bytes:
            return f"{free} bytes are free at {self._path.parent}, less than the ballast of {self._size_bytes}"
        return None if self.laid else f"the ballast at {self._path} was given up, and there is no room to lay it again"


def free_bytes(directory: pathlib.Path) -> int:
    """Return what is free to us on the file system of `directory`. Raises OSError."""
    status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize
