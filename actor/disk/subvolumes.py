"""Subvolumes on the disk: what the deletion of one frees, and the deletion itself, by number, waited for until its space is free."""

from __future__ import annotations

import errno
import fcntl
import itertools
import struct
from typing import TYPE_CHECKING, NamedTuple

from homeostat import btrfs
from homeostat.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

# linux/btrfs.h; in the arguments stand a descriptor, a transaction, flags, four spare words, and the number in the place of a name.
_DESTROY, _ARGUMENTS, _BY_NUMBER = 0x5000943F, "=qQQ32sQ4032x", 1 << 4
_SYNC = 0x9408
# The kernel's no, of what is in use: the default, being sent, with subvolumes of its own, a swap file in it.
_IN_USE = {errno.EPERM, errno.EACCES, errno.ENOTEMPTY, errno.EBUSY, errno.ETXTBSY}
_POLL_SECONDS = 0.05
# Each is one question to the file system, of about 20 us where few hold it; and so many are looked at and remembered.
MOST_ASKED, MOST_SEEN = 100_000, 1_000_000


class Freed(NamedTuple):
    """What is free once a subvolume is gone: at least so many bytes, and at most."""

    least_bytes: int
    most_bytes: int


def frees(descriptor: int, since: int, going: Collection[int], lasting: Collection[int] = ()) -> Freed:
    """Return what is free once the open subvolume is gone, the last of the subvolumes whose numbers are `going`.

    Only extents since a transaction are asked after: that in which the snapshot before it was made, for older ones lie
    in that too. Extents at the places `lasting` are known to be held elsewhere. Where there are too many to ask after, it may
    be all that the file system holds. Raises OSError.
    """
    asked, found = set[int](), 0
    for seen, extent in enumerate(btrfs.extents_since(descriptor, since)):
        if extent.place in asked or extent.place in lasting:
            continue
        if len(asked) >= MOST_ASKED or seen >= MOST_SEEN:
            return Freed(found, btrfs.data_bytes(descriptor) or found)
        asked.add(extent.place)
        holders = btrfs.holders(descriptor, extent.place)
        found += extent.disk_bytes if holders and all(tree in going for tree, _ in holders) else 0
    return Freed(found, found)


def places(descriptor: int, since: int) -> frozenset[int]:
    """Return the places of the extents of an open subvolume since a transaction, as many as are worth remembering. Raises OSError."""
    return frozenset(extent.place for extent in itertools.islice(btrfs.extents_since(descriptor, since), MOST_SEEN))


def delete(folder: int, number: int) -> str | None:
    """Delete the subvolume of that number on the file system of an open folder, durably; return in words why it stays where it is in use. Raises OSError."""
    arguments = bytearray(struct.pack(_ARGUMENTS, folder, 0, _BY_NUMBER, b"", number))
    try:
        # By number, which is never given twice: whoever renames what, it is this one or none.
        fcntl.ioctl(folder, _DESTROY, arguments)
    except OSError as error:
        if error.errno in _IN_USE:
            return f"the kernel says that it is in use ({error.strerror})"
        raise
    commit(folder)
    return None


def commit(folder: int) -> None:
    """Put on the disk what was deleted on the file system of an open folder. Raises OSError."""
    # It wakes the cleaner too, which syncfs does not: by itself that comes up to 30 s later.
    fcntl.ioctl(folder, _SYNC)


def await_cleaned(folder: int, numbers: Iterable[int], stopped: Callable[[], bool]) -> bool:
    """Wait until the data of deleted subvolumes is gone too, for until then nothing is free; False when it was stopped before. Raises OSError."""
    clock = SystemClock()
    for number in numbers:
        while btrfs.is_known(folder, number):
            if stopped():
                return False
            clock.sleep(_POLL_SECONDS)
    commit(folder)
    return True
