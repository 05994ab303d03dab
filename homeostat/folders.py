"""Folders and files opened by descriptor, component by component: no symlink is followed."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@contextlib.contextmanager
def opened(path: str) -> Iterator[int]:
    """Open the folder `path`, component by component, and yield its descriptor.

    Raises:
        OSError: a component is missing, no folder, or a symlink.
        ValueError: the path is relative.

    """
    if not path.startswith("/"):
        raise ValueError(f"{path!r} is no absolute path")
    descriptor = os.open("/", DIRECTORY)
    try:
        for part in pathlib.PurePosixPath(path).parts[1:]:
            inner = os.open(part, DIRECTORY, dir_fd=descriptor)
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
            deeper = os.open(part, DIRECTORY, dir_fd=inner)
            os.close(inner)
            inner = deeper
        yield inner
    finally:
        os.close(inner)


def status_of(name: str, folder: int) -> os.stat_result | None:
    """Return what the entry `name` of an open folder is, no symlink followed, or None when it is gone. Raises OSError."""
    try:
        return os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def opened_file(name: str, folder: int) -> Iterator[int]:
    """Open the file `name` of an open folder to ask about it, and yield its descriptor; no symlink is followed. Raises OSError."""
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def same_mount(one: int, other: int) -> bool:
    """Say whether two open folders lie on one mount."""
    return mount_of(one) == mount_of(other)


def mount_of(descriptor: int) -> str:
    """Return the kernel's line that tells the mount of an open folder."""
    # A bind mount of the same file system has the same device number; only its mount tells it apart.
    lines = pathlib.Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii").splitlines()
    return next(line for line in lines if line.startswith("mnt_id:"))
