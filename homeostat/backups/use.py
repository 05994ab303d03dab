"""Which subvolumes of a file system are in use: mounted anywhere, or the one that is mounted by default."""

from __future__ import annotations

import contextlib
import pathlib
import re
from typing import TYPE_CHECKING

from homeostat import btrfs, folders

if TYPE_CHECKING:
    from collections.abc import Iterator

_SUBVOLUME = re.compile(r"\bsubvolid=([0-9]+)")


def in_use(descriptor: int) -> dict[int, str]:
    """Return by their number the subvolumes of an open folder's file system that are mounted or the default, each with that in words. Raises OSError."""
    found = dict.fromkeys(_mounted(descriptor), "it is mounted")
    default = btrfs.default_subvolume(descriptor)
    return found | ({default: "it is the default subvolume"} if default is not None else {})


def _mounted(descriptor: int) -> Iterator[int]:
    own_mount = folders.mount_of(descriptor).split()[1]
    own = _lines(pathlib.Path("/proc/self/mountinfo"))
    device = next((line.split()[2] for line in own if line.split()[0] == own_mount), None)
    for table in [own, *map(_lines, _other_tables())]:
        for line in table:
            match = _SUBVOLUME.search(line.rpartition(" ")[2])
            if match is not None and line.split()[2] == device:
                yield int(match[1])


def _other_tables() -> Iterator[pathlib.Path]:
    """Yield one table of mounts for each mount namespace: a container may have a snapshot mounted that nobody else sees."""
    seen = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            namespace = process.joinpath("ns/mnt").readlink()
            if namespace not in seen:
                seen.add(namespace)
                yield process / "mountinfo"


def _lines(table: pathlib.Path) -> list[str]:
    # A process may end while it is looked at.
    try:
        return table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
