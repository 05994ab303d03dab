"""Moves between open folders that never replace what somebody wrote, and may be repeated."""

from __future__ import annotations

import ctypes
import errno
import os
import pathlib
import stat

from actor.disk import files

_LIBC = ctypes.CDLL(None, use_errno=True)
RENAME_NOREPLACE = 1
# What a file system says that knows no such rename.
CANNOT = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}
# vfat and exfat know no second names.
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK}


def move(source: int, destination: int, file: files.FoundFile) -> bool:
    """Rename `file` from below one open folder to the same path below another; say whether it went.

    It stays when it changed since it was found, or when a link or a mount has come into its way.

    Raises:
        OSError: the file system refused, as when it is too full.

    """
    path = pathlib.PurePosixPath(file.path)
    try:
        with files.opened_below(source, path.parent) as old, files.opened_below(destination, path.parent, make=True) as new:
            if not is_still(file, path.name, old):
                return False
            os.rename(path.name, path.name, src_dir_fd=old, dst_dir_fd=new)
            if is_still(file, path.name, new):
                return True
            # Somebody put another file there between the look and the rename.
            _put_back(path.name, new, old)
            return False
    except OSError as error:
        if error.errno in files.IN_THE_WAY:
            return False
        raise


def is_still(file: files.FoundFile, name: str, folder: int) -> bool:
    """Say whether the entry `name` of an open folder is the very file that was found. Raises OSError."""
    status = files.status_of(name, folder)
    return status is not None and stat.S_ISREG(status.st_mode) and (status.st_ino, status.st_mtime_ns) == (file.inode, file.modified_ns)


def move_back(source: int, destination: int) -> tuple[int, list[str]]:
    """Return every file below `source` to its path below `destination`; return how many, and those whose place is taken.

    Linking first makes it safe: a file that someone wrote there since is never replaced. It may be repeated.
    """
    restored, conflicts = 0, []
    for folder, folder_descriptor, names in files.walk(source):
        for name in sorted(names):
            if put_back(name, folder_descriptor, (destination, folder)):
                restored += 1
            else:
                conflicts.append(str(folder / name))
    return restored, conflicts


def put_back(name: str, source: int, place: tuple[int, pathlib.PurePosixPath]) -> bool:
    """Move the entry `name` of an open folder to a folder below another open one, made if it is gone; say whether it went.

    It stays where its place is taken, or a link or a file has come into its way. It may be repeated. Raises OSError.
    """
    below, path = place
    try:
        with files.opened_below(below, path, make=True) as destination:
            return _put_back(name, source, destination)
    except OSError as error:
        if error.errno in {errno.ENOTDIR, errno.ELOOP}:
            return False
        raise


def _put_back(name: str, source: int, destination: int) -> bool:
    try:
        os.link(name, name, src_dir_fd=source, dst_dir_fd=destination, follow_symlinks=False)
    except FileExistsError:
        if not _same(source, destination, name):
            return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _renamed_back(name, source, destination)
    os.unlink(name, dir_fd=source)
    return True


def _renamed_back(name: str, source: int, destination: int) -> bool:
    try:
        renameat2((source, name), (destination, name), RENAME_NOREPLACE)
    except FileExistsError:
        return False
    return True


def renameat2(old: tuple[int, str], new: tuple[int, str], flags: int) -> None:
    """Rename an entry (its folder's descriptor, its name) to another with flags of the kernel's. Raises OSError."""
    if _LIBC.renameat2(old[0], os.fsencode(old[1]), new[0], os.fsencode(new[1]), flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), old[1])


def _same(one: int, other: int, name: str) -> bool:
    left, right = os.lstat(name, dir_fd=one), os.lstat(name, dir_fd=other)
    return (left.st_dev, left.st_ino) == (right.st_dev, right.st_ino)
