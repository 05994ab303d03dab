"""What only btrfs can be asked, by descriptor and ioctl: a file's extents on disk, who refers to one, the bytes that data uses."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_TREE_SEARCH = 0xC0709411
_INODE_LOOKUP = 0xD0009412
_SPACE_INFO = 0xC0109414
_LOGICAL_INODES = 0xC038943B
_NOT_BTRFS = {errno.ENOTTY, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM, errno.EINVAL}

_BUFFER_BYTES = 64 * 1024
_NEVER = 2**64 - 1
_SEARCH_KEY = struct.Struct("=7Q4I4Q")
_ITEM = struct.Struct("=3Q2I")
_EXTENT = struct.Struct("=2Q2BH1B4Q")
_EXTENT_DATA = 108
_INLINE = 0
_FIRST_INODE = 256
_ANY_OFFSET = 1
_MOST_SPACES = 16
_DATA = 1


class DiskExtent(NamedTuple):
    """An extent of a file: where in the file, and the place and bytes on disk that it holds as a whole, however little of it is used."""

    logical: int
    place: int
    disk_bytes: int


def disk_extents(descriptor: int, inode: int) -> list[DiskExtent] | None:
    """Return the extents of an open file, compressed ones with their bytes on disk; None where the file system is no btrfs. Raises OSError."""
    found: list[DiskExtent] = []
    start: int | None = 0
    while start is not None:
        buffer = bytearray(_SEARCH_KEY.size + 8 + _BUFFER_BYTES)
        key = (0, inode, inode, start, _NEVER, 0, _NEVER, _EXTENT_DATA, _EXTENT_DATA, 2**32 - 1, 0, 0, 0, 0, 0)
        struct.pack_into("=7Q4I4QQ", buffer, 0, *key, _BUFFER_BYTES)
        try:
            fcntl.ioctl(descriptor, _TREE_SEARCH, buffer)
        except OSError as error:
            if error.errno in _NOT_BTRFS:
                return None
            raise
        start = None
        for logical, extent in _items(buffer):
            start = logical + 1
            found += [extent] if extent is not None else []
    return found


def _items(buffer: bytearray) -> Iterator[tuple[int, DiskExtent | None]]:
    count, at = _SEARCH_KEY.unpack_from(buffer)[9], _SEARCH_KEY.size + 8
    for _ in range(count):
        _, _, logical, _, length = _ITEM.unpack_from(buffer, at)
        at += _ITEM.size
        extent = None
        # An inline extent lies within the metadata; one without a place is a hole.
        if buffer[at + 20] != _INLINE:
            place, disk_bytes = _EXTENT.unpack_from(buffer, at)[6:8]
            extent = DiskExtent(logical, place, disk_bytes) if place else None
        yield logical, extent
        at += length


def tree(descriptor: int) -> int | None:
    """Return the number of the subvolume that an open file lies in; None where the file system is no btrfs."""
    buffer = bytearray(4096)
    struct.pack_into("=2Q", buffer, 0, 0, _FIRST_INODE)
    try:
        fcntl.ioctl(descriptor, _INODE_LOOKUP, buffer)
    except OSError:
        return None
    number: int = struct.unpack_from("=Q", buffer)[0]
    return number


def holders(descriptor: int, place: int) -> frozenset[tuple[int, int]] | None:
    """Return (subvolume, inode) of every file that refers to the extent at `place`, in snapshots too; None when they cannot be told."""
    answer = ctypes.create_string_buffer(_BUFFER_BYTES)
    question = struct.pack("=7Q", place, _BUFFER_BYTES, 0, 0, 0, _ANY_OFFSET, ctypes.addressof(answer))
    try:
        fcntl.ioctl(descriptor, _LOGICAL_INODES, question)
    except OSError:
        return None
    _, missing_bytes, values, missed = struct.unpack_from("=4I", answer)
    if missing_bytes or missed:
        return None
    references = struct.iter_unpack("=3Q", answer.raw[16 : 16 + 8 * values])
    return frozenset((root, inode) for inode, _, root in references)


def data_bytes(descriptor: int) -> int | None:
    """Return the bytes that the data of all files use on disk, without metadata; None where the file system is no btrfs."""
    buffer = bytearray(16 + 24 * _MOST_SPACES)
    struct.pack_into("=2Q", buffer, 0, _MOST_SPACES, 0)
    try:
        fcntl.ioctl(descriptor, _SPACE_INFO, buffer)
    except OSError:
        return None
    count = struct.unpack_from("=2Q", buffer)[1]
    spaces: Iterator[tuple[int, int, int]] = struct.iter_unpack("=3Q", bytes(buffer[16 : 16 + 24 * count]))
    return sum(used for flags, _, used in spaces if flags & _DATA)
