"""What makes actions undoable is kept for a time, or until space is short; then it goes, the oldest first, and the journal says why."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from actor.disk import shelf
from actor.journal import incidents, totals, undo_records
from actor.model import StepFailed, Undoing
from homeostat.config.section import MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from actor.journal.undo_records import UndoRecord
    from actor.model import Stored
    from actor.world import World
    from homeostat.config.types import Protections

    Key = tuple[str, str, str]

log = logging.getLogger(__name__)

PRUNED = "homeostat_protections_pruned_total"
# What was made a moment ago may be of a run whose phase is about to be noted.
_YOUNG_SECONDS = MINUTE


def prune(world: World) -> int:
    """Delete what is kept no longer, one by one, and return how many; what an unfinished incident may need is never taken.

    Raises:
        JournalError: it cannot be noted, so nothing more is deleted.

    """
    failed: set[Key] = set()
    gone = 0
    while not world.ending.is_set():
        with _taken(world, failed) as taken:
            if taken is None:
                break
            if _deleted(world, *taken):
                gone += 1
            else:
                failed.add(taken[0].key)
    _note_lost(world)
    return gone


@contextlib.contextmanager
def _taken(world: World, failed: set[Key]) -> Iterator[tuple[Stored, str] | None]:
    """Choose what goes next and note why; until it is gone nothing starts and nothing is undone, but neither news nor a reload waits."""
    kept = _kept(world)
    with world.admission:
        taken = _next(world, kept, failed)
        if taken is not None:
            name = taken[0].kept.name
            own = Undoing(shelf.incident_of(name) or "", name, "the removal of")
            _note(world, *taken)
            world.undoing = (*world.undoing, own)
    try:
        yield taken
    finally:
        if taken is not None:
            with world.admission:
                world.undoing = tuple(one for one in world.undoing if one is not own)


def _kept(world: World) -> list[Stored]:
    try:
        return world.hands.kept(world.config)
    except (StepFailed, OSError) as failure:
        log.warning("what the protections keep is not known: %s", failure)
        return []


def _next(world: World, kept: list[Stored], failed: set[Key]) -> tuple[Stored, str] | None:
    begun = [stored.key for stored in kept if _is_pruned(world, stored)]
    return choose([stored for stored in kept if stored.key not in failed], begun, _needed(world), (world.clock.now(), world.config.protections))


def choose(kept: Iterable[Stored], begun: Iterable[Key], needed: set[str], rule: tuple[float, Protections]) -> tuple[Stored, str] | None:
    """Return what is to go next by a Unix time and the owner's rule, and why: the oldest that may, or whose deletion had begun.

    What an incident in `needed` may need stays, whatever its age and however short space is.
    """
    now, protections = rule
    for stored in sorted(kept, key=lambda stored: stored.kept.made_at):
        if shelf.incident_of(stored.kept.name) in needed or now - stored.kept.made_at < _YOUNG_SECONDS:
            continue
        why = "its deletion had begun" if stored.key in begun else shelf.why_gone(stored, protections, now)
        if why is not None:
            return stored, why
    return None


def _needed(world: World) -> set[str]:
    """Return the incidents that are not finished, those that a person has yet to repair, and those that one is undoing at this moment."""
    unfinished = {incident.id for incident in incidents.open_episodes(world.journal) if incident.state is not None}
    unfinished |= incidents.stranded(world.journal, world.clock.now() - world.config.protections.retention)
    return unfinished | {incident.id for incident in incidents.running(world.journal)} | {own.incident_id for own in world.undoing}


def _note(world: World, stored: Stored, why: str) -> None:
    """Note that it goes before it does: an undo never begins on what is half gone."""
    with world.journal.transaction() as db:
        for record in _records_of(world, stored):
            undo_records.prune(db, record.id, why, world.clock.now())
            totals.add(db, PRUNED, {"host": world.config.host, "protection": stored.protection, "reason": "space" if "space" in why else "age"})


def _deleted(world: World, stored: Stored, why: str) -> bool:
    try:
        world.hands.discard(world.config, stored.key)
    except (StepFailed, OSError, ValueError) as failure:
        log.warning("%s in %s was not deleted: %s", stored.kept.name, stored.kept.place, failure)
        return False
    log.info("%s in %s was deleted: %s", stored.kept.name, stored.kept.place, why)
    return True


def _records_of(world: World, stored: Stored) -> list[UndoRecord]:
    return [record for record in undo_records.standing(world.journal) if stored.is_of(record.record)]


def _is_pruned(world: World, stored: Stored) -> bool:
    incident_id = shelf.incident_of(stored.kept.name)
    records: Iterable[UndoRecord] = undo_records.of_incident(world.journal, incident_id) if incident_id is not None else ()
    return any(record.pruned_at is not None and stored.is_of(record.record) for record in records)


def _note_lost(world: World) -> None:
    """Note of each record past its time that nothing is left of what it leads to, by whomever that was taken away."""
    now = world.clock.now()
    expired = [record for record in undo_records.standing(world.journal) if record.expires_at < now]
    if not expired:
        return
    with contextlib.suppress(StepFailed, OSError):
        kept = world.hands.kept(world.config)
        lost = [record for record in expired if not any(stored.is_of(record.record) for stored in kept)]
        with world.journal.transaction() as db:
            for record in lost:
                undo_records.prune(db, record.id, "for it was no longer where it had been kept", now)
