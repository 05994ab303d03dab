"""Files by directory descriptor: no symlink is followed, no other device or subvolume is entered."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import shutil
import stat
from typing import TYPE_CHECKING

import msgspec

from homeostat import folders

if TYPE_CHECKING:
    from collections.abc import Iterator

opened, opened_below, opened_file, status_of = folders.opened, folders.opened_below, folders.opened_file, folders.status_of
same_mount = folders.same_mount
# Every level that is walked holds a descriptor; who nests deeper means to exhaust them.
MOST_LEVELS = 100
# Somebody put a link, a mount or nothing into the way, or forbade it: the file stays, and that is all.
IN_THE_WAY = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV, errno.EPERM, errno.EACCES, errno.EBUSY, errno.ETXTBSY, errno.ENAMETOOLONG}

# Nor is a folder entered that is gone, or a mount of somebody's that root may not look at or that is dead.
_NOT_ENTERED = IN_THE_WAY | {errno.ENOTCONN, errno.ESTALE}


class FoundFile(msgspec.Struct, frozen=True, kw_only=True):
    """A regular file below a folder: its path from there, and what identifies its content."""

    path: str
    inode: int
    modified_ns: int


def device(path: str) -> int:
    """Return the device number of the folder `path`, which differs between btrfs subvolumes too. Raises OSError."""
    with opened(path) as descriptor:
        return os.fstat(descriptor).st_dev


def walk(descriptor: int) -> Iterator[tuple[pathlib.PurePosixPath, int, list[str]]]:
    """Walk a folder on its own device and mount: yield each folder's path from there, its descriptor and its entries but folders.

    Folders come in the order of their paths. What lies deeper than 100 folders is not entered. Raises OSError: a folder that is left out unseen would read as an empty one.
    """
    yield from _walk(descriptor, pathlib.PurePosixPath(), (os.fstat(descriptor).st_dev, folders.mount_of(descriptor)))


def _walk(descriptor: int, path: pathlib.PurePosixPath, own: tuple[int, str]) -> Iterator[tuple[pathlib.PurePosixPath, int, list[str]]]:
    inner_names: list[str] = []
    others: list[str] = []
    with os.scandir(descriptor) as entries:
        for entry in entries:
            (inner_names if entry.is_dir(follow_symlinks=False) else others).append(entry.name)
    yield path, descriptor, others
    for name in sorted(inner_names) if len(path.parts) < MOST_LEVELS else ():
        inner = _entered(name, descriptor, own[0])
        if inner is not None:
            try:
                if (os.fstat(inner).st_dev, folders.mount_of(inner)) == own:
                    yield from _walk(inner, path / name, own)
            finally:
                os.close(inner)


def _entered(name: str, folder: int, device: int) -> int | None:
    """Open a folder of that device, or return None: it is another's, gone, or a dead mount.

    Never but as a folder: who puts a pipe or a link to a device into its place would have us hang, or open that.
    """
    try:
        if os.lstat(name, dir_fd=folder).st_dev != device:
            return None
        return os.open(name, folders.DIRECTORY, dir_fd=folder)
    except OSError as error:
        if error.errno in _NOT_ENTERED:
            return None
        raise


def filesystem_kind(descriptor: int) -> str:
    """Return the type of the file system that an open folder lies on, as `btrfs`; empty where the kernel does not tell."""
    return _mounted(descriptor)[0]


def source(descriptor: int) -> str:
    """Return the device that an open folder lies on, as `/dev/sda1`; no path where it has none, empty where the kernel does not tell."""
    return _mounted(descriptor)[1]


def _mounted(descriptor: int) -> list[str]:
    own_mount = folders.mount_of(descriptor).split()[1]
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.partition(" - ")[2].split() for line in lines if line.split()[0] == own_mount), ["", ""])


def is_utf8(path: str) -> bool:
    """Say whether a path as Python reads it from the disk can be written down."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_inodes() -> set[tuple[int, int]]:
    """Return (device, inode) of every file that is open, mapped or behind a loop device, as far as this process may look."""
    held = set()
    for link in _held():
        with contextlib.suppress(OSError):
            status = link.stat()
            held.add((status.st_dev, status.st_ino))
    return held


def _held() -> Iterator[pathlib.Path]:
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        for folder in ("fd", "map_files"):
            # A process may end while it is looked at.
            with contextlib.suppress(OSError):
                yield from process.joinpath(folder).iterdir()
    for backing in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
        with contextlib.suppress(OSError):
            yield pathlib.Path(backing.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n"))


def remove_tree(parent: int, name: str) -> None:
    """Delete the folder, or whatever else is `name` in the open folder `parent`; a missing one is no fault. Raises OSError."""
    status = status_of(name, parent)
    with contextlib.suppress(FileNotFoundError):
        if status is not None and not stat.S_ISDIR(status.st_mode):
            os.unlink(name, dir_fd=parent)
        else:
            shutil.rmtree(name, dir_fd=parent)


def remove_folders(parent: int, name: str) -> None:
    """Delete the folder `name` below the open folder `parent` with all folders in it, as far as they are empty; a missing one is no fault."""
    with contextlib.suppress(FileNotFoundError):
        for _, inner, _, descriptor in os.fwalk(name, topdown=False, dir_fd=parent, follow_symlinks=False):
            for folder in inner:
                _remove_folder(folder, descriptor)
        _remove_folder(name, parent)


def _remove_folder(name: str, parent: int) -> None:
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EBUSY}:
            raise


def count(descriptor: int) -> tuple[int, int]:
    """Return how many files lie below an open folder and their bytes on disk."""
    files = disk_bytes = 0
    for _, folder_descriptor, names in walk(descriptor):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                disk_bytes += os.lstat(name, dir_fd=folder_descriptor).st_blocks * 512
                files += 1
    return files, disk_bytes
