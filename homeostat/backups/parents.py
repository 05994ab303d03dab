"""Which snapshots an incremental send still needs: the latest that two folders have in common, as btrbk keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from homeostat.backups.snapshots import Snapshot
    from homeostat.config.backups import Backup


def parents(name: str, backups: Mapping[str, Backup], looks: Mapping[str, Sequence[Snapshot] | None]) -> dict[int, str]:
    """Return by their number the snapshots of a backup that a send to or from another one needs as its parent, each with why it stays.

    Where another backup of the same source cannot be seen now, nobody knows which that is: then all of that source stay, as
    btrbk deletes none while a target is away.
    """
    own = looks[name] or ()
    found: dict[int, str] = {}
    for other, path in _twins(name, backups):
        theirs, words = looks[other], {word for word, place in backups[name].sources.items() if place == path}
        mine = [snapshot for snapshot in own if snapshot.source in words]
        if theirs is None:
            found |= {snapshot.number: f"backup {other} has the same source and cannot be seen now: which parent it needs is unknown" for snapshot in mine}
            continue
        ids = frozenset(known for snapshot in theirs if snapshot.complete for known in snapshot.ids)
        common = [snapshot for snapshot in mine if snapshot.complete and snapshot.ids & ids]
        found |= {snapshot.number: f"it is the latest that it has in common with backup {other}, the parent of what is sent next" for snapshot in common[-1:]}
    return found


def _twins(name: str, backups: Mapping[str, Backup]) -> list[tuple[str, str]]:
    """Return each other backup that has a source of this one, with the source's path."""
    paths = set(backups[name].sources.values())
    return [(other, path) for other, backup in backups.items() if other != name for path in sorted(paths & set(backup.sources.values()))]
