"""Backups: how fresh, how many, how well each source is covered, when something was last restored, and what room there is."""

from __future__ import annotations

import os
import pathlib
from typing import TYPE_CHECKING

import msgspec

from exporter.observation import Metric, Observer, Sight, Trouble
from homeostat import folders
from homeostat.backups.coverage import Covered, cover, ratio
from homeostat.backups.rotation import judge
from homeostat.backups.snapshots import Snapshot, by_source, snapshots_of
from homeostat.config.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.observation import Looking
    from homeostat.config.backups import Backup
    from homeostat.words import Severity

_HELP = {
    "backup_age_seconds": "Age of the newest complete snapshot of a source.",
    "backup_snapshots": "Complete snapshots of a source.",
    "backup_incomplete_snapshots": "Snapshots of a backup that can be written: they are being received, or never were wholly.",
    "backup_redundant_snapshots": "Snapshots of a source that the rule of the owner does not keep: a rotation may delete them.",
    "backup_coverage_ratio": "Share of the sources of a backup that have a fresh, complete snapshot.",
    "backup_free_ratio": "Free share of where a backup lies.",
    "backup_restore_test_age_seconds": "Age of the last test of restoring something.",
    "backup_marker_age_seconds": "Age of the file that the owner's own check of a backup writes when it is sound.",
}
# From this many times max_age on it is critical.
_CRITICALLY_OLD = 3
# What a person sees in the folder, the observer sees too.
_CERTAIN = 0.95


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One backup: its snapshots, and the free share of where they lie; or in words why it cannot be seen. Times of files are Unix seconds, None without one."""

    snapshots: tuple[Snapshot, ...] = ()
    free_ratio: float | None = None
    fault: str | None = None
    restored_at: float | None = None
    marked_at: float | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in the folder of each configured backup, by its name."""

    backups: dict[str, Seen]


def _gather(looking: Looking) -> Facts:
    return Facts(backups={name: _look(backup) for name, backup in looking.config.backups.items()})


def _look(backup: Backup) -> Seen:
    restored_at = _written_at(backup.restore_test.stamp) if backup.restore_test is not None else None
    marker = backup.integrity.marker if backup.integrity is not None else None
    marked_at = _written_at(marker) if marker is not None else None
    try:
        snapshots = tuple(snapshots_of(backup))
        with folders.opened(backup.directory) as folder:
            status = os.fstatvfs(folder)
    except OSError as error:
        return Seen(fault=f"{backup.directory} cannot be read: {error.strerror}", restored_at=restored_at, marked_at=marked_at)
    return Seen(snapshots=snapshots, free_ratio=status.f_bavail / max(1, status.f_blocks), restored_at=restored_at, marked_at=marked_at)


def _written_at(path: str) -> float | None:
    place = pathlib.PurePosixPath(path)
    try:
        with folders.opened(str(place.parent)) as folder:
            status = folders.status_of(place.name, folder)
    except OSError:
        return None
    return status.st_mtime if status is not None else None


def _read(facts: Facts, looking: Looking) -> Sight:
    metrics, troubles = list[Metric](), list[Trouble]()
    for name, backup in looking.config.backups.items():
        seen = facts.backups.get(name)
        if seen is not None:
            covered = cover(backup, seen.snapshots, looking.now)
            metrics += _metrics(name, backup, (seen, covered), looking.now)
            trouble = _trouble(name, backup, (seen, covered), looking.now)
            troubles += [trouble] if trouble is not None else []
    return Sight(metrics=tuple(metrics), troubles=tuple(troubles))


def _metrics(name: str, backup: Backup, what: tuple[Seen, Sequence[Covered]], now: float) -> Iterator[Metric]:
    (seen, covered), of = what, {"backup": name}
    yield from _of_files(seen, of, now)
    yield Metric("backup_coverage_ratio", ratio(backup, covered), of)
    if seen.fault is not None or seen.free_ratio is None:
        return
    yield Metric("backup_free_ratio", seen.free_ratio, of)
    yield Metric("backup_incomplete_snapshots", sum(not snapshot.complete for snapshot in seen.snapshots), of)
    redundant = {source: sum(not judged.stays for judged in judge(backup, snapshots, now, {})) for source, snapshots in by_source(list(seen.snapshots))}
    for each in covered:
        labels = of | {"source": each.source}
        yield Metric("backup_snapshots", each.snapshots, labels)
        yield Metric("backup_redundant_snapshots", redundant.get(each.source, 0), labels)
        if each.age_seconds is not None:
            yield Metric("backup_age_seconds", each.age_seconds, labels)


def _of_files(seen: Seen, of: dict[str, str], now: float) -> Iterator[Metric]:
    if seen.restored_at is not None:
        yield Metric("backup_restore_test_age_seconds", max(0.0, now - seen.restored_at), of)
    if seen.marked_at is not None:
        yield Metric("backup_marker_age_seconds", max(0.0, now - seen.marked_at), of)


def _trouble(name: str, backup: Backup, what: tuple[Seen, Sequence[Covered]], now: float) -> Trouble | None:
    """Return one problem for all that is wrong with a backup, as urgent as the most urgent of it."""
    told = list(_wrong(backup, what, now))
    if not told:
        return None
    severity: Severity = "critical" if any(urgent for urgent, _ in told) else "warning"
    return Trouble("backup_stale", name, "backup", _CERTAIN, severity, "; ".join(words for _, words in told))


def _wrong(backup: Backup, what: tuple[Seen, Sequence[Covered]], now: float) -> Iterator[tuple[bool, str]]:
    """Yield what is wrong, each with whether that is critical."""
    seen, covered = what
    if seen.fault is not None:
        yield False, seen.fault
    else:
        for each in covered:
            yield from _uncovered(backup, each, seen)
    if backup.restore_test is not None:
        yield from _old("nothing was restored for a test", seen.restored_at, backup.restore_test.max_age, now)
    if backup.integrity is not None and backup.integrity.marker is not None:
        yield from _old(f"{backup.integrity.marker} does not say that it is sound", seen.marked_at, backup.integrity.max_age, now)


def _uncovered(backup: Backup, each: Covered, seen: Seen) -> Iterator[tuple[bool, str]]:
    if each.is_fresh(backup):
        return
    half = any(snapshot.source == each.source and not snapshot.complete for snapshot in seen.snapshots)
    beside = "; one that is not complete does not count" if half else ""
    if each.age_seconds is None:
        yield True, f"there is no snapshot of {each.source}{beside}"
    else:
        urgent = each.age_seconds > _CRITICALLY_OLD * backup.max_age
        yield urgent, f"the newest snapshot of {each.source} is {_about(each.age_seconds)} old, and {backup.max_age} is the most it may be{beside}"


def _old(words: str, at: float | None, most: Duration, now: float) -> Iterator[tuple[bool, str]]:
    if at is None:
        yield False, f"{words}: there is no such file"
    elif now - at > most:
        yield False, f"{words} for {_about(now - at)}, and {most} is the longest"


def _about(seconds: float) -> str:
    """Return an age as people tell it, in whole hours or days."""
    return str(Duration(seconds // 3600 * 3600 if seconds < 3 * 86400 else seconds // 86400 * 86400))


OBSERVER = Observer(help=_HELP, facts=Facts, gather=_gather, read=_read, needs_root=True, kept=lambda looking: None if looking.config.backups else Facts(backups={}))
