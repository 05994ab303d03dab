"""How much of a case's file system is used and free, after a sync, and what was written to it: what a cleanup is held against."""

from __future__ import annotations

import contextlib
import math
import os
import pathlib
import stat
from typing import TYPE_CHECKING, NamedTuple

from actor.disk import files, rule
from actor.disk.extents import Occupied
from actor.model import Prediction, StepFailed
from actor.reckoning import TOLERANCE, Freed, predicted
from homeostat import btrfs, shell
from homeostat.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from actor.model import Case
    from homeostat.shell import Completed

# A cleanup was asked for because the space will run out: it frees at least this share, though the target be free already.
LEAST_GAIN_RATIO = 0.05
_SYNC_SECONDS = 60
_SECTOR_BYTES = 512
# The file system's own bookkeeping: folders, trees, its journal.
_BOOKKEEPING_BYTES = 1024 * 1024
_BACKGROUND_SECONDS = 3
_POLL_SECONDS = 0.1


class Space(NamedTuple):
    """One look at a file system or a directory with an allowance, in bytes; `written_bytes` only ever rises."""

    size_bytes: int
    free_bytes: int
    used_bytes: int
    written_bytes: int


def look(case: Case) -> Space:
    """Measure the case's file system after a sync.

    Free is what anybody may use, as node_exporter's `avail`. Used is what files occupy: on btrfs its data alone, elsewhere all blocks.

    Raises:
        StepFailed: it cannot be measured.

    """
    assert case.root is not None
    allowance_bytes = case.filesystem.size if case.filesystem is not None else None
    synced = sync(case.root)
    if not synced.ok:
        raise StepFailed(f"{case.root} cannot be measured: {synced}")
    try:
        with files.opened(case.root) as descriptor:
            return _whole(descriptor) if allowance_bytes is None else _allowance(descriptor, allowance_bytes)
    except OSError as error:
        raise StepFailed(f"{case.root} cannot be measured: {error}") from None


def sync(place: str) -> Completed:
    """Put on the disk what was written or deleted on the file system of `place`.

    btrfs tells of freed space up to 31 s late otherwise: who deletes until enough is free would go on and on.
    """
    # One file system only, for another may hang.
    return shell.run(("/usr/bin/sync", "-f", place), _SYNC_SECONDS)


def has_allowance(case: Case) -> bool:
    """Say whether the case is about a directory with an allowance of its own instead of a whole file system."""
    return case.filesystem is not None and case.filesystem.size is not None


def foreseen(case: Case, directory: str, goes: Callable[[str, int, os.stat_result], bool]) -> Prediction:
    """Return what is free when those regular files of a folder are gone of which `goes(name, folder, status)` says so.

    Nothing where there is no such folder. Raises OSError.
    """
    least_bytes = shared_bytes = 0
    with contextlib.suppress(FileNotFoundError), files.opened(directory) as folder:
        for name in os.listdir(folder):  # noqa: PTH208 - by descriptor
            status = files.status_of(name, folder)
            if status is not None and stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and goes(name, folder, status):
                occupied = rule.ask(name, folder, status, by_blocks=has_allowance(case)) or Occupied(0)
                least_bytes, shared_bytes = least_bytes + occupied.own_bytes, shared_bytes + occupied.shared_bytes
    return Prediction(least_bytes=least_bytes, most_bytes=least_bytes + shared_bytes)


def together(predictions: Iterable[Prediction]) -> Prediction:
    """Return the sum of predictions about different files."""
    all_of_them = list(predictions)
    return Prediction(least_bytes=sum(each.least_bytes for each in all_of_them), most_bytes=sum(each.most_bytes for each in all_of_them))


def _allowance(descriptor: int, size_bytes: int) -> Space:
    used_bytes = files.count(descriptor)[1]
    return Space(size_bytes, size_bytes - used_bytes, used_bytes, 0)


def _whole(descriptor: int) -> Space:
    status = os.fstatvfs(descriptor)
    data_bytes = btrfs.data_bytes(descriptor)
    used_bytes = (status.f_blocks - status.f_bfree) * status.f_frsize if data_bytes is None else data_bytes
    return Space(status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize, used_bytes, _written_bytes(descriptor))


def _written_bytes(descriptor: int) -> int:
    """Return the bytes ever written to the block devices below an open folder; 0 where there are none, as under tmpfs."""
    written = 0
    for device in _devices(os.path.basename(os.path.realpath(files.source(descriptor)))):  # noqa: PTH119 - a device's name
        with contextlib.suppress(OSError, IndexError, ValueError):
            written += int(device.joinpath("stat").read_text(encoding="ascii").split()[6]) * _SECTOR_BYTES
    return written


def _devices(name: str) -> Iterator[pathlib.Path]:
    # A btrfs may span several devices, of which its mount names one.
    of_btrfs = next(iter(pathlib.Path("/sys/fs/btrfs").glob(f"*/devices/{name}")), None) if name else None
    yield from of_btrfs.parent.iterdir() if of_btrfs is not None else [pathlib.Path("/sys/class/block", name)]


def free_ratio(case: Case) -> float:
    """Return the free share (0..1) of the case's file system, or of the directory's allowance, after a sync. Raises StepFailed."""
    space = look(case)
    return space.free_bytes / space.size_bytes


def target_bytes(case: Case, space: Space) -> int:
    """Return how many bytes are to be free: the configured share of the size, or a little more than now where that is free already."""
    assert case.filesystem is not None
    configured: float = case.filesystem.free_target * space.size_bytes
    least_gain = space.free_bytes + LEAST_GAIN_RATIO * space.size_bytes
    return round(min(space.size_bytes, max(configured, least_gain)))


def wanted_bytes(case: Case, space: Space) -> int:
    """Return how many bytes are still to be predicted so that the target is reached even if each prediction is as wrong as it may be.

    In whole twentieths of the size, so that a plan is still the same when a person says yes to it minutes later: it stops at
    its target, so what is planned beyond costs nothing.
    """
    short_bytes = (target_bytes(case, space) - space.free_bytes) / (1 - TOLERANCE)
    step_bytes = LEAST_GAIN_RATIO * space.size_bytes
    return round(math.ceil(short_bytes / step_bytes) * step_bytes) - predicted(case.planned)


def freed(case: Case, prediction: Prediction, before: Space) -> Freed:
    """Measure what was freed since a look, and what was written meanwhile, which others may have used (of a directory it is not known).

    A file system may free in the background what was deleted, as xfs does: while it is less than predicted, it is measured
    again for some seconds. Raises StepFailed.
    """
    clock, found = SystemClock(), _difference(prediction, before, look(case))
    for _ in range(round(_BACKGROUND_SECONDS / _POLL_SECONDS)):
        if found.as_predicted or found.freed_bytes > prediction.most_bytes:
            break
        clock.sleep(_POLL_SECONDS)
        found = _difference(prediction, before, look(case))
    return found


def _difference(prediction: Prediction, before: Space, after: Space) -> Freed:
    bookkeeping_bytes = _BOOKKEEPING_BYTES if before.written_bytes else 0
    return Freed(
        predicted=prediction,
        freed_bytes=before.used_bytes - after.used_bytes,
        others_bytes=after.written_bytes - before.written_bytes + bookkeeping_bytes,
        free_bytes=after.free_bytes,
    )
