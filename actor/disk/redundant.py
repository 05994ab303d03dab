"""What a rotation may delete on one file system: redundant snapshots of the configured backups, and old protections of ours."""

from __future__ import annotations

import collections
import contextlib
import os
import pathlib
from typing import TYPE_CHECKING

import msgspec

from actor.disk import files, shelf
from actor.model import StepFailed
from homeostat import btrfs
from homeostat.backups.parents import parents
from homeostat.backups.rotation import judge
from homeostat.backups.snapshots import by_source, path_of, snapshots_of
from homeostat.backups.use import in_use
from homeostat.config.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from actor.model import Case
    from homeostat.backups.rotation import Judged
    from homeostat.backups.snapshots import Snapshot
    from homeostat.config.backups import Backup

    Looks = Mapping[str, list[Snapshot] | None]

# As many names as a person reads.
_MOST_NAMED = 3


class Redundant(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that may go: where it lies, which one it is, and why.

    `since` is the transaction before which all of it lies in an older snapshot too, `newest` where the newest of its
    source lies.
    """

    folder: str
    path: str
    number: int
    uuid: str
    at: float
    why: str
    since: int = 0
    newest: str | None = None


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What may go, the oldest first, and in words what else there is and why it stays."""

    going: tuple[Redundant, ...]
    left: tuple[str, ...]


def survey(case: Case, own_older_than: float) -> Survey:
    """Judge all that lies on the case's file system.

    Raises:
        StepFailed: it cannot be looked at.

    """
    looks = {name: _seen(backup) for name, backup in case.config.backups.items()}
    going, left = list[Redundant](), list[str]()
    for name in backups_on(case):
        told = obstacle_of(case, name)
        if told is not None:
            left.append(told)
            continue
        try:
            judged = list(_judged(case, name, looks))
        except OSError as error:
            raise StepFailed(f"backup {name} cannot be looked at: {error}") from None
        going += [_redundant(case.config.backups[name], judged, each) for each in judged if not each.stays]
        left += _words(name, judged)
    with contextlib.suppress(OSError):
        going += _own(case, own_older_than)
    return Survey(going=tuple(sorted(going, key=lambda each: (each.at, each.number))), left=tuple(left))


def backups_on(case: Case) -> list[str]:
    """Return the names of the backups that lie on the case's file system."""
    return [name for name, backup in case.config.backups.items() if backup.filesystem == case.target]


def obstacle_of(case: Case, name: str) -> str | None:
    """Say why nothing of a backup can be deleted now, or None."""
    directory = case.config.backups[name].directory
    assert case.root is not None
    try:
        with files.opened(case.root) as root, files.opened(directory) as folder:
            if os.fstatvfs(folder).f_flag & os.ST_RDONLY:
                return f"backup {name}: {directory} is read-only"
            if files.filesystem_kind(folder) != "btrfs":
                return f"backup {name}: {directory} lies on no btrfs"
            if btrfs.filesystem_id(folder) != btrfs.filesystem_id(root):
                return f"backup {name}: {directory} does not lie on the file system {case.target}"
    except OSError as error:
        return f"backup {name}: {directory} cannot be opened: {error.strerror}"
    return None


def _seen(backup: Backup) -> list[Snapshot] | None:
    try:
        return snapshots_of(backup)
    except OSError:
        return None


def _judged(case: Case, name: str, looks: Looks) -> Iterator[Judged]:
    backup, seen = case.config.backups[name], looks[name] or []
    with files.opened(backup.directory) as folder:
        used = in_use(folder)
    held = {device for device, _ in files.open_inodes()}
    used |= {snapshot.number: "a program has it open" for snapshot in seen if snapshot.device in held}
    needed = parents(name, case.config.backups, looks) | used
    for _, snapshots in by_source(seen):
        yield from judge(backup, snapshots, case.now, needed)


def _redundant(backup: Backup, judged: list[Judged], one: Judged) -> Redundant:
    snapshot = one.snapshot
    siblings = [other.snapshot for other in judged if other.snapshot.source == snapshot.source]
    before = [other.born for other in siblings if other.born < snapshot.born]
    return Redundant(
        folder=backup.directory,
        path=str(path_of(backup, snapshot.name)),
        number=snapshot.number,
        uuid=snapshot.uuid,
        at=snapshot.at,
        why=one.why,
        since=max(before, default=0),
        newest=str(path_of(backup, siblings[-1].name)),
    )


def _words(name: str, judged: list[Judged]) -> Iterator[str]:
    """Yield how many stay, and of those that the rule alone would not keep which and why."""
    staying = [each for each in judged if each.stays]
    yield f"backup {name}: {len(staying)} of {len(judged)} snapshots stay"
    special = collections.defaultdict[str, list[str]](list)
    for each in staying:
        if not each.by_rule:
            special[each.why].append(each.snapshot.name)
    for why, names in special.items():
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"backup {name}: {', '.join(names[:_MOST_NAMED])}{more}: {why}"


def _own(case: Case, older_than: float) -> Iterator[Redundant]:
    """Yield the protections of ours that lie here and that no undo can need any more: they should be gone, and are not. Raises OSError."""
    age = Duration(max(older_than, case.config.protections.retention))
    assert case.root is not None
    with files.opened(case.root) as root:
        own, used = btrfs.filesystem_id(root), in_use(root)
    for subvolume in sorted({service.subvolume for service in case.config.services.values() if service.subvolume is not None}):
        place = f"{subvolume}/{shelf.SNAPSHOTS}"
        with contextlib.suppress(OSError), files.opened(place) as folder:
            if btrfs.filesystem_id(folder) != own:
                continue
            for name in sorted(filter(shelf.incident_of, os.listdir(folder))):  # noqa: PTH208 - by descriptor
                with files.opened_below(folder, pathlib.PurePosixPath(name)) as opened:
                    seen = btrfs.subvolume(opened)
                if case.now - seen.made_at > age and seen.number not in used:
                    why = f"it is a protection of ours, older than {age}, which no undo needs any more"
                    yield Redundant(folder=place, path=name, number=seen.number, uuid=seen.uuid, at=seen.made_at, why=why)
