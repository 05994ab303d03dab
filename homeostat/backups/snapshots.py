"""What lies in a backup's folder, asked by descriptor: each snapshot with when it was taken and what btrfs knows of it. Nothing is changed."""

from __future__ import annotations

import contextlib
import datetime
import errno
import os
import pathlib
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import msgspec

from homeostat import btrfs, folders
from homeostat.backups.names import Named, read_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config.backups import Backup

INFO, INSIDE = "info.xml", "snapshot"
_MOST_INFO_BYTES = 64 * 1024
# Somebody put a link or a file there, or took it away, or what stands there is on another file system.
_NO_SUBVOLUME = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENOTTY, errno.EINVAL}


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot: its name in the folder, the source's word, when it was taken (Unix seconds), and what btrfs knows of it.

    `device` is the number under which its files are seen now, `held` says why its own tool never deletes it by age.
    """

    name: str
    source: str
    at: float
    number: int
    uuid: str
    parent: str = ""
    received: str = ""
    complete: bool = True
    born: int = 0
    nested: bool = False
    device: int = 0
    held: str | None = None

    @property
    def ids(self) -> frozenset[str]:
        """What it is known by where it was sent to, or came from."""
        return frozenset({self.uuid, self.received} - {""})


def snapshots_of(backup: Backup) -> list[Snapshot]:
    """Return the snapshots in a backup's folder, the oldest first. What is not named as they are, or is none, is left out.

    One that can be written is not complete: it is being received, or somebody works in it.

    Raises:
        OSError: the folder cannot be opened, or is on no btrfs.

    """
    with folders.opened(backup.directory) as folder:
        if btrfs.tree(folder) is None:
            raise OSError(errno.EOPNOTSUPP, "it lies on no btrfs", backup.directory)
        found = [snapshot for name in os.listdir(folder) if (snapshot := _snapshot(backup, folder, name)) is not None]  # noqa: PTH208 - by descriptor
    return sorted(found, key=lambda snapshot: (snapshot.at, snapshot.number))


def path_of(backup: Backup, name: str) -> pathlib.PurePosixPath:
    """Return where the subvolume of a snapshot lies, from the backup's folder."""
    return pathlib.PurePosixPath(name, INSIDE) if backup.tool == "snapper" else pathlib.PurePosixPath(name)


def _snapshot(backup: Backup, folder: int, name: str) -> Snapshot | None:
    try:
        named, held = _snapper(backup, folder, name) if backup.tool == "snapper" else (read_name(backup, name), None)
        return _asked(backup, folder, name, (named, held)) if named is not None else None
    except OSError as error:
        if error.errno in _NO_SUBVOLUME:
            return None
        raise


def _asked(backup: Backup, folder: int, name: str, told: tuple[Named, str | None]) -> Snapshot | None:
    named, held = told
    with folders.opened_below(folder, path_of(backup, name)) as opened:
        # What is mounted there is of another file system, or lies elsewhere: its number says nothing here.
        if os.fstat(opened).st_ino != btrfs.SUBVOLUME_INODE or not folders.same_mount(opened, folder):
            return None
        seen = btrfs.subvolume(opened)
        return Snapshot(
            name=name,
            source=named.source,
            at=named.taken_at(seen.made_at),
            number=seen.number,
            uuid=seen.uuid,
            parent=seen.parent,
            received=seen.received,
            complete=seen.read_only,
            born=seen.born,
            nested=btrfs.has_subvolumes(opened),
            device=os.fstat(opened).st_dev,
            held=held,
        )


def _snapper(backup: Backup, folder: int, name: str) -> tuple[Named | None, str | None]:
    """Read what snapper wrote down of one of its numbered folders: the time in UTC, and whether its timeline deletes it by age."""
    if not (name.isascii() and name.isdigit()):
        return None, None
    with folders.opened_below(folder, pathlib.PurePosixPath(name)) as own, folders.opened_file(INFO, own) as file:
        written = os.read(file, _MOST_INFO_BYTES)
    (source,) = backup.sources
    with contextlib.suppress(ET.ParseError, ValueError):
        info = ET.fromstring(written)  # noqa: S314 - no entity is expanded beyond what expat bounds, and 64 KiB are read
        at = datetime.datetime.strptime(info.findtext("date", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.UTC).timestamp()
        automatic = info.findtext("cleanup", "") == "timeline"
        return Named(source, at, at), None if automatic else "snapper's timeline did not take it, so it goes by a person's word alone"
    return None, None


def by_source(snapshots: list[Snapshot]) -> Iterator[tuple[str, list[Snapshot]]]:
    """Yield each source's word with its snapshots, in their order."""
    for source in sorted({snapshot.source for snapshot in snapshots}):
        yield source, [snapshot for snapshot in snapshots if snapshot.source == source]
