"""What only btrfs can be asked, by descriptor and ioctl: extents on disk and who refers to one, the bytes that data uses, what a subvolume is."""

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
_SUBVOLUME_INFO = 0x81F8943C
_SUBVOLUMES_INSIDE = 0xD000943D
_FILESYSTEM_INFO = 0x8400941F
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
# The tree of all trees, and in it the item that names the default subvolume (linux/btrfs_tree.h).
_ROOT_TREE, _ROOT_ITEM = 1, 132
_ROOT_FOLDER, _FOLDER_ITEM = 6, 84
# Number, name, where it lies, generation, flags, three ids, four transactions, four times with their nanoseconds, and spare words.
_INFO = struct.Struct("=Q256s4Q16s16s16s20Q")
_READ_ONLY = 1
SUBVOLUME_INODE = 256

Key = tuple[int, int, int]


class DiskExtent(NamedTuple):
    """An extent of a file: where in the file, and the place and bytes on disk that it holds as a whole, however little of it is used."""

    logical: int
    place: int
    disk_bytes: int


class Subvolume(NamedTuple):
    """What a subvolume is: its number, which is never given twice, its ids (32 hexadecimal digits, none is empty), and when it was made.

    `parent` is the id of what it is a snapshot of, `received` that of the snapshot that was sent; `made_at` is in Unix
    seconds, `born` the transaction of the file system in which it was made.
    """

    number: int
    uuid: str
    parent: str
    received: str
    read_only: bool
    made_at: float
    born: int


def disk_extents(descriptor: int, inode: int) -> list[DiskExtent] | None:
    """Return the extents of an open file, compressed ones with their bytes on disk; None where the file system is no btrfs. Raises OSError."""
    try:
        items = list(_search(descriptor, 0, ((inode, _EXTENT_DATA, 0), (inode, _EXTENT_DATA, _NEVER))))
    except OSError as error:
        if error.errno in _NOT_BTRFS:
            return None
        raise
    extents = (_extent(logical, data) for (_, _, logical), data in items)
    return [extent for extent in extents if extent is not None]


def extents_since(descriptor: int, transaction: int) -> Iterator[DiskExtent]:
    """Yield the extents of all files of an open subvolume that were written since a transaction, and some older ones that lie beside them. Raises OSError."""
    for (_, kind, logical), data in _search(descriptor, 0, ((_FIRST_INODE, 0, 0), (_NEVER, 255, _NEVER)), transaction):
        extent = _extent(logical, data) if kind == _EXTENT_DATA else None
        if extent is not None:
            yield extent


def _search(descriptor: int, tree_number: int, between: tuple[Key, Key], since: int = 0) -> Iterator[tuple[Key, memoryview]]:
    """Yield the items of a tree (0: that of the open file) between two keys, both included. Raises OSError."""
    lowest, highest = between
    while lowest <= highest:
        buffer = bytearray(_SEARCH_KEY.size + 8 + _BUFFER_BYTES)
        key = (tree_number, lowest[0], highest[0], lowest[2], highest[2], since, _NEVER, lowest[1], highest[1], 2**32 - 1, 0, 0, 0, 0, 0)
        struct.pack_into("=7Q4I4QQ", buffer, 0, *key, _BUFFER_BYTES)
        fcntl.ioctl(descriptor, _TREE_SEARCH, buffer)
        found = list(_items(buffer))
        if not found:
            return
        yield from found
        lowest = _behind(found[-1][0])


def _items(buffer: bytearray) -> Iterator[tuple[Key, memoryview]]:
    view = memoryview(buffer)
    count, at = _SEARCH_KEY.unpack_from(buffer)[9], _SEARCH_KEY.size + 8
    for _ in range(count):
        _, number, offset, kind, length = _ITEM.unpack_from(buffer, at)
        at += _ITEM.size
        yield (number, kind, offset), view[at : at + length]
        at += length


def _behind(key: Key) -> Key:
    number, kind, offset = key
    if offset < _NEVER:
        return number, kind, offset + 1
    return (number, kind + 1, 0) if kind < 255 else (number + 1, 0, 0)


def _extent(logical: int, data: memoryview) -> DiskExtent | None:
    # An inline extent lies within the metadata; one without a place is a hole.
    if data[20] == _INLINE:
        return None
    place, disk_bytes = _EXTENT.unpack_from(data)[6:8]
    return DiskExtent(logical, place, disk_bytes) if place else None


def subvolume(descriptor: int) -> Subvolume:
    """Return what an open subvolume is. Raises OSError, also where the file system is no btrfs."""
    told = _INFO.unpack(fcntl.ioctl(descriptor, _SUBVOLUME_INFO, bytes(_INFO.size)))
    number, flags, (uuid, parent, received), made_at = told[0], told[5], told[6:9], told[15]
    return Subvolume(number, _id(uuid), _id(parent), _id(received), bool(flags & _READ_ONLY), float(made_at), told[10])


def _id(raw: bytes) -> str:
    return raw.hex() if any(raw) else ""


def filesystem_id(descriptor: int) -> str:
    """Return the id of the whole file system that an open folder lies on (32 hexadecimal digits). Raises OSError, also where it is no btrfs."""
    return _id(fcntl.ioctl(descriptor, _FILESYSTEM_INFO, bytes(1024))[16:32])


def has_subvolumes(descriptor: int) -> bool:
    """Say whether an open subvolume holds others of its own, without which it cannot be deleted. Raises OSError."""
    buffer = bytearray(4096)
    fcntl.ioctl(descriptor, _SUBVOLUMES_INSIDE, buffer)
    return buffer[4088] > 0


def default_subvolume(descriptor: int) -> int | None:
    """Return the number of the subvolume that is mounted where none is named; None where nobody may know. Raises OSError."""
    between = ((_ROOT_FOLDER, _FOLDER_ITEM, 0), (_ROOT_FOLDER, _FOLDER_ITEM, _NEVER))
    try:
        return next((int.from_bytes(data[:8], "little") for _, data in _search(descriptor, _ROOT_TREE, between)), None)
    except PermissionError:
        return None


def is_known(descriptor: int, number: int) -> bool:
    """Say whether a subvolume of that number is there still, or its data after it was deleted. Raises OSError."""
    return any(True for _ in _search(descriptor, _ROOT_TREE, ((number, _ROOT_ITEM, 0), (number, _ROOT_ITEM, _NEVER))))


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
