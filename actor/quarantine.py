"""Where quarantined files wait: a folder of ours on the file system that is to be freed, one part per incident and rule."""

from __future__ import annotations

import os
import pathlib

from actor import files, shelf
from actor.model import Case, StepFailed
from homeostat import shell

FOLDER = ".homeostat-quarantine"
_SYNC_SECONDS = 60


def free_ratio(case: Case) -> float:
    """Return the free share (0..1) of the case's file system, or of the directory's allowance, after a sync.

    Raises:
        StepFailed: it cannot be measured.

    """
    assert case.root is not None
    # btrfs tells of freed space up to 31 s late unless its transaction is committed; one file system only, for another may hang.
    synced = shell.run(("/usr/bin/sync", "-f", case.root), _SYNC_SECONDS)
    if not synced.ok:
        raise StepFailed(f"{case.root} cannot be measured: {synced}")
    try:
        if case.filesystem is not None and case.filesystem.size is not None:
            with files.opened(case.root) as descriptor:
                return 1 - files.count(descriptor)[1] / case.filesystem.size
        status = os.statvfs(case.root)
    except OSError as error:
        raise StepFailed(f"{case.root} cannot be measured: {error}") from None
    return status.f_bavail / status.f_blocks


def size_bytes(case: Case) -> int:
    """Return the size of the case's file system or directory in bytes. Raises OSError."""
    assert case.root is not None
    if case.filesystem is not None and case.filesystem.size is not None:
        return case.filesystem.size
    status = os.statvfs(case.root)
    return status.f_blocks * status.f_frsize


def part(case: Case) -> pathlib.PurePosixPath:
    """Return this incident's folder, from the file system's root."""
    return pathlib.PurePosixPath(FOLDER, shelf.name_of(case))


def on_target(case: Case, directory: str) -> bool:
    """Say whether the folder `directory` lies on the very file system or subvolume that the case is about."""
    assert case.root is not None
    try:
        return files.device(directory) == files.device(case.root) and _is_below(directory, case)
    except OSError:
        return False


def _is_below(directory: str, case: Case) -> bool:
    # A directory with an allowance of its own shares its device with others: only what lies below it counts.
    if case.filesystem is None or case.filesystem.size is None:
        return True
    assert case.root is not None
    return pathlib.PurePosixPath(directory).is_relative_to(case.root)
