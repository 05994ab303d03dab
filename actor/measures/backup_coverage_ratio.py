"""The share of the sources of all backups on the target that have a fresh, complete snapshot; what cannot be seen has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Measure
from homeostat.backups.coverage import cover
from homeostat.backups.snapshots import snapshots_of

if TYPE_CHECKING:
    from actor.model import Case


def _read(case: Case) -> float:
    fresh: list[bool] = []
    for backup in case.config.backups.values():
        if backup.filesystem == case.target:
            try:
                snapshots = snapshots_of(backup)
            except OSError:
                snapshots = []
            fresh += [each.is_fresh(backup) for each in cover(backup, snapshots, case.now)]
    return sum(fresh) / len(fresh) if fresh else 0.0


MEASURE = Measure(read=_read, acts_on=("backup-filesystem",))
