"""A person takes back what an action did: path by path, where nobody touched it since; twice does no more than once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from actor.journal import incidents, undo_records, words
from actor.model import StepFailed, Undoing, Unprotectable, Word
from actor.person import UNKNOWN
from actor.playbook import catalogue
from actor.work import Work
from actor.world import case_of
from homeostat.clock import rfc3339
from homeostat.words import LOSSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from actor.journal.undo_records import UndoRecord
    from actor.model import Restored
    from actor.person import Spoken
    from actor.world import World


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it, in words; which incident it was, how many paths went (or would go) back, the first of them, and those that were left."""

    taken: bool
    reason: str
    incident_id: str | None = None
    restored: int = 0
    paths: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def undo(world: World, spoken: Spoken, *, dry_run: bool) -> Undone:
    """Undo the last run of an incident, or of all when its id is empty; in a dry run only tell. Raises JournalError."""
    found = undo_records.last(world.journal, spoken.incident_id or None, [name for name, playbook in world.playbooks.items() if playbook.only_reads])
    if found is None:
        return _no(_never_ran(world, spoken.incident_id))
    with _alone(world, found) as other:
        # What was said of it a moment ago may hold no more now that nobody else works on it.
        record = undo_records.last(world.journal, found.incident_id)
        assert record is not None
        if record.outcome == "rolled_back":
            return Undone(taken=True, reason=_in_words(record), incident_id=record.incident_id)
        reason = other or _obstacle(world, record)
        if reason is not None:
            return _no(reason, record)
        try:
            restored = _rehearsed(world, record) if dry_run else _reverted(world, record, spoken)
        except (StepFailed, Unprotectable, OSError) as failure:
            return _no(f"the undo did not come to its end: {failure}; it may be repeated", record)
        return _told(world, record, restored, dry_run=dry_run)


def _never_ran(world: World, incident_id: str) -> str:
    if not incident_id:
        return "no action has run yet, so there is nothing to undo"
    known = incidents.find(world.journal, incident_id) is not None
    return "nothing was done in that incident, so there is nothing to undo" if known else UNKNOWN.reason


def undo_in_words(world: World, record: UndoRecord) -> str:
    """Say of a run whether it can be undone, how and until when, or what became of that."""
    if record.undone_at is not None:
        return _in_words(record)
    obstacle = _obstacle(world, record)
    lasting = _work(world, record).irreversible_begun() if obstacle is None else None
    return (obstacle or _in_words(record)) + (f"; this cannot be undone: {lasting}" if lasting is not None else "")


def _in_words(record: UndoRecord) -> str:
    if record.undone_at is None:
        return f"it can be undone until {rfc3339(record.expires_at)} (protection {record.protection}): homeostat undo {record.incident_id}"
    how = "undone" if record.outcome == "rolled_back" else "undone in part, for somebody had touched the rest"
    return f"{how} at {rfc3339(record.undone_at)}: {record.restored} put back"


def _obstacle(world: World, record: UndoRecord) -> str | None:
    """Say why a run cannot be undone, whoever asks and whenever; None where it can."""
    playbook = world.playbooks.get(record.action)
    if record.protection == "none":
        loss = playbook.file.loss if playbook is not None else None
        return f"{record.action} on {record.target} cannot be undone{f': {LOSSES[loss]}' if loss is not None else ''}"
    if record.pruned_at is not None:
        return f"it can no longer be undone: what that needs was deleted at {rfc3339(record.pruned_at)}, {record.pruned_why}"
    if playbook is None:
        return f"the playbook {record.action} is no longer configured; its old state is in {_place(record)}"
    known = catalogue(world.config, playbook.file.acts_on)
    return None if record.target in known else f"{record.target} is no longer in the catalogue; its old state is in {_place(record)}"


def _place(record: UndoRecord) -> str:
    held = record.record.get("record", {})
    return str(held.get("snapshot") or held.get("folder") or held.get("part"))


@contextlib.contextmanager
def _alone(world: World, record: UndoRecord) -> Iterator[str | None]:
    """Keep every action from starting meanwhile; yield in words which one runs already, if one does."""
    own = Undoing(record.incident_id, record.target)
    with world.admission:
        running = incidents.running(world.journal)
        other = next((f"{one.action} on {one.target} is running; wait for its end, or: homeostat stop" for one in running), None)
        if other is None and world.undoing:
            other = world.undoing[0].words
        world.undoing = (*world.undoing, own)
    try:
        yield other
    finally:
        with world.admission:
            world.undoing = tuple(one for one in world.undoing if one is not own)


def _work(world: World, record: UndoRecord) -> Work:
    incident = incidents.find(world.journal, record.incident_id)
    assert incident is not None
    # The incident's decision may have become another since; what is undone is what ran.
    ran, playbook = msgspec.structs.replace(incident, action=record.action, target=record.target), world.playbooks[record.action]
    return Work(world, ran, playbook, case_of(world, playbook, record.target, record.incident_id))


def _rehearsed(world: World, record: UndoRecord) -> Restored:
    return world.hands.rehearse(_work(world, record).case, record.record)


def _reverted(world: World, record: UndoRecord, spoken: Spoken) -> Restored:
    work = _work(world, record)
    restored = work.step("undo", world.hands.undo, work.case, record.record, intent={"author": spoken.author, "reason": spoken.reason})
    with world.journal.transaction() as db:
        words.say(db, record.incident_id, Word(word="undone", author=spoken.author, said_at=world.clock.now(), reason=spoken.reason))
    return restored


def _told(world: World, record: UndoRecord, restored: Restored, *, dry_run: bool) -> Undone:
    what = f"{record.action} on {record.target} (incident {record.incident_id})"
    reason = f"{what}: {restored.restored} {'would go' if dry_run else 'put'} back"
    if restored.conflicts:
        reason += f"; {len(restored.conflicts)} left as they are, for somebody touched them since"
    lasting = _work(world, record).irreversible_begun()
    if lasting is not None:
        reason += f"; this cannot be undone: {lasting}"
    elif not restored.restored and not restored.conflicts:
        reason += ", for nothing that is protected has changed"
    return Undone(taken=True, reason=reason, incident_id=record.incident_id, restored=restored.restored, paths=restored.paths, conflicts=restored.conflicts)


def _no(reason: str, record: UndoRecord | None = None) -> Undone:
    return Undone(taken=False, reason=reason, incident_id=record.incident_id if record is not None else None)
