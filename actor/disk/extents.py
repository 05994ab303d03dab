"""How many bytes would be free if files went, asked of the file system by descriptor (FIEMAP): what is held elsewhere too frees nothing."""

from __future__ import annotations

import bisect
import collections
import errno
import fcntl
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

from homeostat import btrfs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_FIEMAP = 0xC020660B
_SYNC = 1
_LAST, _UNKNOWN, _DELAYED, _INLINE, _SHARED = 0x1, 0x2, 0x4, 0x200, 0x2000
_HEADER = struct.Struct("=2Q4I")
_MAPPED = struct.Struct("=5Q4I")
_AT_ONCE = 128
_NOT_TOLD = {errno.EOPNOTSUPP, errno.ENOTTY, errno.ENOSYS, errno.EINVAL}
# More would be too much to remember of one file: the rest counts as held elsewhere.
_MOST_SHARED = 256


class Extent(NamedTuple):
    """A stretch of the disk that something else holds too."""

    place: int
    disk_bytes: int


class Occupied(NamedTuple):
    """What a file occupies: bytes that are its own, bytes that others hold too and where; `by_blocks` where no extents are told."""

    own_bytes: int
    shared_bytes: int = 0
    shared: tuple[Extent, ...] = ()
    by_blocks: bool = False


class _Range(NamedTuple):
    """A mapped stretch of a file, as FIEMAP tells it."""

    logical: int
    physical: int
    length: int
    flags: int


def occupied(descriptor: int) -> Occupied:
    """Return what an open file occupies on disk.

    On btrfs the size of each extent is read from its tree, for FIEMAP tells a compressed one as it reads, and of one that is
    used in part only that part. Raises OSError.
    """
    status = os.fstat(descriptor)
    try:
        ranges = list(_ranges(descriptor))
    except OSError as error:
        if error.errno not in _NOT_TOLD:
            raise
        return Occupied(status.st_blocks * 512, by_blocks=True)
    if any(found.flags & _UNKNOWN and not found.flags & _DELAYED for found in ranges):
        return Occupied(status.st_blocks * 512, by_blocks=True)
    on_disk = btrfs.disk_extents(descriptor, status.st_ino)
    return _sum_up(_by_fiemap(ranges) if on_disk is None else _by_tree(ranges, on_disk))


def _ranges(descriptor: int) -> Iterator[_Range]:
    start, more = 0, True
    while more:
        buffer = bytearray(_HEADER.size + _AT_ONCE * _MAPPED.size)
        _HEADER.pack_into(buffer, 0, start, 2**64 - 1 - start, _SYNC, 0, _AT_ONCE, 0)
        fcntl.ioctl(descriptor, _FIEMAP, buffer)
        count, more = _HEADER.unpack_from(buffer)[3], False
        for number in range(count):
            logical, physical, length, _, _, flags, *_ = _MAPPED.unpack_from(buffer, _HEADER.size + number * _MAPPED.size)
            start, more = logical + length, not flags & _LAST
            yield _Range(logical, physical, length, flags)


def _by_fiemap(ranges: list[_Range]) -> dict[Extent, bool]:
    return {Extent(found.physical, found.length): bool(found.flags & _SHARED) for found in ranges if not found.flags & _INLINE}


def _by_tree(ranges: list[_Range], on_disk: list[btrfs.DiskExtent]) -> dict[Extent, bool]:
    starts = [found.logical for found in ranges]
    extents: dict[Extent, bool] = {}
    for logical, place, disk_bytes in on_disk:
        at = bisect.bisect_right(starts, logical) - 1
        extent = Extent(place, disk_bytes)
        extents[extent] = extents.get(extent, False) or at < 0 or bool(ranges[at].flags & _SHARED)
    return extents


def _sum_up(extents: dict[Extent, bool]) -> Occupied:
    shared = [extent for extent, is_shared in extents.items() if is_shared]
    shared_bytes = sum(extent.disk_bytes for extent in shared)
    own_bytes = sum(extent.disk_bytes for extent in extents) - shared_bytes
    return Occupied(own_bytes, shared_bytes, tuple(shared[:_MOST_SHARED]))


def held_only_by(descriptor: int, inodes: Mapping[int, Collection[Extent]]) -> dict[Extent, frozenset[int]]:
    """Return the shared extents that nothing but these inodes of one subvolume holds, each with those that do.

    They are free when all of those go. Only btrfs tells who holds an extent: elsewhere none is returned.
    """
    counted = collections.Counter(extent for extents in inodes.values() for extent in set(extents))
    own_tree = btrfs.tree(descriptor)
    found = {}
    for extent in (extent for extent, count in counted.items() if count > 1):
        holders = btrfs.holders(descriptor, extent.place)
        if holders and all(tree == own_tree and inode in inodes for tree, inode in holders):
            found[extent] = frozenset(inode for _, inode in holders)
    return found
