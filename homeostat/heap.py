"""The C library's heap, told to give back what it does not need."""

from __future__ import annotations

import contextlib
import ctypes

_ONE_MEBIBYTE = 1024**2
# Numbers of mallopt's parameters in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# Smaller arrays come and go by the thousand: to give back their pages each time takes longer than what is done with them.
_KEPT_MEBIBYTES = 2


def share_heap() -> None:
    """Let all threads share one heap, and large arrays have pages of their own; to be called before there are threads.

    Else every thread keeps for good the most that it ever needed at once. A C library without these settings is left alone.
    """
    with contextlib.suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(_ARENA_MAX, 1)
        library.mallopt(_MMAP_THRESHOLD, _ONE_MEBIBYTE)
        library.mallopt(_TRIM_THRESHOLD, _KEPT_MEBIBYTES * _ONE_MEBIBYTE)
