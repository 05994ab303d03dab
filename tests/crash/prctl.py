"""The one call that Python lacks: to become the parent of one's orphaned grandchildren."""

from __future__ import annotations

import ctypes
import os

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Have what a killed child had started become a child of this process, so that its end can be waited for."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
