"""How well each source of a backup is covered: the newest complete snapshot, and how old that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from homeostat.backups.snapshots import Snapshot
    from homeostat.config.backups import Backup


class Covered(NamedTuple):
    """One source: how many complete snapshots there are of it, and the age (seconds) of the newest, None without any."""

    source: str
    snapshots: int
    age_seconds: float | None

    def is_fresh(self, backup: Backup) -> bool:
        """Say whether the newest is young enough."""
        return self.age_seconds is not None and self.age_seconds <= backup.max_age


def cover(backup: Backup, snapshots: Sequence[Snapshot], now: float) -> list[Covered]:
    """Return how each configured source is covered now; neither what is not complete nor what comes from the future counts."""
    found = []
    for source in sorted(backup.sources):
        times = [snapshot.at for snapshot in snapshots if snapshot.source == source and snapshot.complete and snapshot.at <= now]
        found.append(Covered(source, len(times), now - max(times) if times else None))
    return found


def ratio(backup: Backup, covered: Sequence[Covered]) -> float:
    """Return the share of the sources (0..1) that have a fresh, complete snapshot."""
    return sum(each.is_fresh(backup) for each in covered) / len(backup.sources)
