"""Entries of open folders: renames that never replace what somebody wrote, and copies that keep all there is to a file."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pathlib
import shutil
import stat
from typing import TYPE_CHECKING

from actor.disk import files, moves

if TYPE_CHECKING:
    from collections.abc import Iterator

_RENAME_EXCHANGE = 2
_FICLONE = 0x40049409
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def exchange(one: str, other: str, folder: int) -> None:
    """Exchange two entries of an open folder in one step; where a file system cannot, `one` takes the place of `other`. Raises OSError."""
    try:
        _renameat2(one, other, folder, _RENAME_EXCHANGE)
    except OSError as error:
        if error.errno not in moves.CANNOT:
            raise
        os.rename(one, other, src_dir_fd=folder, dst_dir_fd=folder)


def rename_new(old: str, new: str, folder: int) -> bool:
    """Rename an entry of an open folder to a name that nobody has; False when somebody has it. Raises OSError."""
    try:
        _renameat2(old, new, folder, moves.RENAME_NOREPLACE)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in moves.CANNOT:
            raise
        if files.status_of(new, folder) is not None:
            return False
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)
    return True


def _renameat2(old: str, new: str, folder: int, flags: int) -> None:
    moves.renameat2((folder, old), (folder, new), flags)


def copy(source: int, name: str, destination: int, new: str) -> None:
    """Copy an entry of one open folder to a new name in another: content, owner, extended attributes, mode and times, durably.

    Of a folder only itself. Blocks are shared where the file system can. Raises OSError, also for what is no file, folder or symlink.
    """
    status = os.lstat(name, dir_fd=source)
    if not _can_be_copied(status):
        raise OSError(errno.EINVAL, "no file, folder or symlink", name)
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=source), new, dir_fd=destination)
        os.chown(new, status.st_uid, status.st_gid, dir_fd=destination, follow_symlinks=False)
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=destination, follow_symlinks=False)
        return
    is_folder = stat.S_ISDIR(status.st_mode)
    if is_folder:
        os.mkdir(new, 0o700, dir_fd=destination)
    with _descriptor(name, _READ, source) as old, _descriptor(new, _READ if is_folder else _CREATE, destination) as made:
        if not os.path.samestat(os.fstat(old), status):
            # A pipe that somebody feeds, in the place of a file, would have no end.
            raise OSError(errno.ESTALE, "changed while it was copied", name)
        if not is_folder:
            _copy_content(old, made)
        copy_attributes(old, made, status)
        os.fsync(made)


def copy_tree(source: int, name: str, destination: int, new: str) -> None:
    """Copy an entry as `copy` does, and of a folder all files, folders and symlinks that lie below it on its device. Raises OSError."""
    copy(source, name, destination, new)
    if not stat.S_ISDIR(os.lstat(name, dir_fd=source).st_mode):
        return
    below, place = pathlib.PurePosixPath(name), pathlib.PurePosixPath(new)
    with files.opened_below(source, below) as old, files.opened_below(destination, place) as made:
        for folder, folder_descriptor, names in files.walk(old):
            with files.opened_below(made, folder) as within:
                inner = [entry.name for entry in os.scandir(folder_descriptor) if entry.is_dir(follow_symlinks=False)]
                kept = [each for each in names if _can_be_copied(os.lstat(each, dir_fd=folder_descriptor))]
                for each in sorted([*kept, *inner]):
                    copy(folder_descriptor, each, within, each)
                os.fsync(within)


def _can_be_copied(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)


@contextlib.contextmanager
def _descriptor(name: str, how: int, folder: int) -> Iterator[int]:
    descriptor = os.open(name, how, 0o600, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _copy_content(old: int, new: int) -> None:
    try:
        fcntl.ioctl(new, _FICLONE, old)
    except OSError:
        # Another file system, or one that shares no blocks.
        with open(old, "rb", closefd=False) as source, open(new, "wb", closefd=False) as destination:
            shutil.copyfileobj(source, destination, 1024**2)


def copy_attributes(old: int, new: int, status: os.stat_result) -> None:
    """Give an open file owner, extended attributes, mode and times of another, whose status is given. Raises OSError."""
    # The owner first: a change of owner takes setuid bits and capabilities away.
    os.fchown(new, status.st_uid, status.st_gid)
    for attribute in os.listxattr(old):
        os.setxattr(new, attribute, os.getxattr(old, attribute))
    os.fchmod(new, stat.S_IMODE(status.st_mode))
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
