"""A file system opened by descriptor and mounted nowhere: nobody else sees it, and it is gone with its process, however that ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Linux gives these numbers on every architecture (include/uapi/asm-generic/unistd.h).
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_CLOSE_ON_EXEC = 1
_SET_FLAG, _SET_STRING, _CREATE = 0, 1, 6
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_PROGRAMS = 1, 2, 4, 8
# Without a replay of its log: a device that is read-only cannot be written, and what is mounted elsewhere has the same name.
_FLAGS = {"ext4": ("ro", "noload"), "xfs": ("ro", "norecovery", "nouuid")}
KINDS = tuple(_FLAGS)
# Blanks and backslashes in the kernel's table of mounts.
_ESCAPED = re.compile(r"\\([0-7]{3})")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


@contextlib.contextmanager
def opened(device: str, kind: str) -> Iterator[int]:
    """Open the root of the file system of that kind on a block device, read-only, and yield its descriptor.

    Raises:
        KeyError: the kind is not one of KINDS.
        OSError: it cannot be mounted.

    """
    flags = _FLAGS[kind]
    with _closing(_call(_FSOPEN, device, kind.encode(), _CLOSE_ON_EXEC)) as context:
        _call(_FSCONFIG, device, context, _SET_STRING, b"source", os.fsencode(device), 0)
        for flag in flags:
            _call(_FSCONFIG, device, context, _SET_FLAG, flag.encode(), None, 0)
        _call(_FSCONFIG, device, context, _CREATE, None, None, 0)
        mount = _call(_FSMOUNT, device, context, _CLOSE_ON_EXEC, _READ_ONLY | _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS)
    with _closing(mount), _closing(os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=mount)) as root:
        yield root


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _call(number: int, device: str, *values: int | bytes | None) -> int:
    given = [ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value) for value in values]
    result: int = _libc.syscall(ctypes.c_long(number), *given)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), device)
    return result


class Mounted(NamedTuple):
    """Where a block device's file system is mounted, and its kind, as `ext4`."""

    place: str
    kind: str


def of_device(device: int) -> Mounted | None:
    """Return where the whole file system on the block device of that number is mounted first; None where it is not."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        words, _, source = line.partition(" - ")
        _, _, found, root, place, *_ = words.split()
        if (found, root) == (number, "/"):
            return Mounted(_ESCAPED.sub(lambda octal: chr(int(octal.group(1), 8)), place), source.split()[0])
    return None
