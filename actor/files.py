"""Files by directory descriptor: no symlink is followed, no other device or subvolume is entered."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import pathlib
import shutil
import stat
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class FoundFile(msgspec.Struct, frozen=True, kw_only=True):
    """A regular file below a folder: its path from there, bytes on disk, and what identifies its content."""

    path: str
    disk_bytes: int
    inode: int
    modified_ns: int


@contextlib.contextmanager
def opened(path: str) -> Iterator[int]:
    """Open the folder `path`, component by component, and yield its descriptor.

    Raises:
        OSError: a component is missing, no folder, or a symlink.
        ValueError: the path is relative.

    """
    if not path.startswith("/"):
        raise ValueError(f"{path!r} is no absolute path")
    descriptor = os.open("/", _DIRECTORY)
    try:
        for part in pathlib.PurePosixPath(path).parts[1:]:
            inner = os.open(part, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def opened_below(descriptor: int, path: pathlib.PurePosixPath, *, make: bool = False) -> Iterator[int]:
    """Open a folder below an open one, making what is missing when `make`; raises as `opened`."""
    inner = os.dup(descriptor)
    try:
        for part in path.parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o700, dir_fd=inner)
            deeper = os.open(part, _DIRECTORY, dir_fd=inner)
            os.close(inner)
            inner = deeper
        yield inner
    finally:
        os.close(inner)


def device(path: str) -> int:
    """Return the device number of the folder `path`, which differs between btrfs subvolumes too. Raises OSError."""
    with opened(path) as descriptor:
        return os.fstat(descriptor).st_dev


def walk(descriptor: int) -> Iterator[tuple[pathlib.PurePosixPath, int, list[str]]]:
    """Walk a folder on its own device and mount: yield each folder's path from there, its descriptor and its entries but folders."""
    own_device, own_mount = os.fstat(descriptor).st_dev, _mount(descriptor)
    for folder, folders, names, folder_descriptor in os.fwalk(".", dir_fd=descriptor, follow_symlinks=False):
        if _mount(folder_descriptor) != own_mount:
            folders.clear()
            continue
        found = {name: status for name in folders if (status := status_of(name, folder_descriptor)) is not None}
        folders[:] = [name for name, status in found.items() if stat.S_ISDIR(status.st_mode) and status.st_dev == own_device]
        links = [name for name, status in found.items() if stat.S_ISLNK(status.st_mode)]
        yield pathlib.PurePosixPath(folder), folder_descriptor, names + links


def status_of(name: str, folder: int) -> os.stat_result | None:
    """Return what the entry `name` of an open folder is, no symlink followed, or None when it is gone. Raises OSError."""
    try:
        return os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None


def _mount(descriptor: int) -> str:
    # A bind mount of the same file system has the same device number; only its mount tells it apart.
    lines = pathlib.Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii").splitlines()
    return next(line for line in lines if line.startswith("mnt_id:"))


def filesystem_kind(descriptor: int) -> str:
    """Return the type of the file system that an open folder lies on, as `btrfs`; empty where the kernel does not tell."""
    own_mount = _mount(descriptor).split()[1]
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.partition(" - ")[2].split()[0] for line in lines if line.split()[0] == own_mount), "")


def find(directory: str, pattern: str, modified_before: float) -> list[FoundFile]:
    """List the regular files below `directory` whose name fits `pattern`, last modified before that Unix time, oldest first.

    A file with a second hard link is left out, for removing one name frees nothing; so is a name that is no UTF-8, for the
    journal could not tell of it. Raises OSError.
    """
    found = []
    with opened(directory) as descriptor:
        for folder, folder_descriptor, names in walk(descriptor):
            for name in fnmatch.filter(names, pattern):
                status = status_of(name, folder_descriptor)
                if status is None or not is_utf8(str(folder / name)):
                    continue
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_mtime < modified_before:
                    found.append(
                        FoundFile(
                            path=str(folder / name),
                            disk_bytes=status.st_blocks * 512,
                            inode=status.st_ino,
                            modified_ns=status.st_mtime_ns,
                        )
                    )
    return sorted(found, key=lambda file: (file.modified_ns, file.path))


def is_utf8(path: str) -> bool:
    """Say whether a path as Python reads it from the disk can be written down."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_inodes() -> set[tuple[int, int]]:
    """Return (device, inode) of every file that some process holds open, as far as this process may look."""
    held = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        # A process may end while it is looked at.
        with contextlib.suppress(OSError):
            for link in process.joinpath("fd").iterdir():
                with contextlib.suppress(OSError):
                    status = link.stat()
                    held.add((status.st_dev, status.st_ino))
    return held


def move(source: int, destination: int, file: FoundFile) -> bool:
    """Rename `file` from below one open folder to the same path below another, unless it changed since it was found.

    Raises:
        OSError: the file system refused.

    """
    path = pathlib.PurePosixPath(file.path)
    with opened_below(source, path.parent) as old, opened_below(destination, path.parent, make=True) as new:
        try:
            status = os.lstat(path.name, dir_fd=old)
        except FileNotFoundError:
            return False
        if (status.st_ino, status.st_mtime_ns) != (file.inode, file.modified_ns) or not stat.S_ISREG(status.st_mode):
            return False
        os.rename(path.name, path.name, src_dir_fd=old, dst_dir_fd=new)
        return True


def move_back(source: int, destination: int) -> tuple[int, list[str]]:
    """Return every file below `source` to its path below `destination`; return how many, and those whose place is taken.

    Linking first makes it safe: a file that someone wrote there since is never replaced. It may be repeated.
    """
    restored, conflicts = 0, []
    for folder, folder_descriptor, names in walk(source):
        with opened_below(destination, folder, make=True) as place:
            for name in sorted(names):
                try:
                    os.link(name, name, src_dir_fd=folder_descriptor, dst_dir_fd=place, follow_symlinks=False)
                except FileExistsError:
                    if not _same(folder_descriptor, place, name):
                        conflicts.append(str(folder / name))
                        continue
                os.unlink(name, dir_fd=folder_descriptor)
                restored += 1
    return restored, conflicts


def _same(one: int, other: int, name: str) -> bool:
    left, right = os.lstat(name, dir_fd=one), os.lstat(name, dir_fd=other)
    return (left.st_dev, left.st_ino) == (right.st_dev, right.st_ino)


def remove_tree(parent: int, name: str) -> None:
    """Delete the folder `name` below the open folder `parent`; a missing one is no fault. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(name, dir_fd=parent)


def count(descriptor: int) -> tuple[int, int]:
    """Return how many files lie below an open folder and their bytes on disk."""
    files = disk_bytes = 0
    for _, folder_descriptor, names in walk(descriptor):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                disk_bytes += os.lstat(name, dir_fd=folder_descriptor).st_blocks * 512
                files += 1
    return files, disk_bytes
