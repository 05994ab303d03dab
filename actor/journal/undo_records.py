"""What an undo needs of each action that ran, and what became of it: written in the transaction of the phase that made it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from actor.journal.incidents import plain
from homeostat.words import SELFTEST, Outcome

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from actor.journal import Journal
    from actor.model import Incident, Restored


class UndoRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One protection that was given: times are Unix seconds; `record` is what its protection made of it."""

    id: int
    incident_id: str
    action: str
    host: str
    target: str
    protection: str
    record: dict[str, Any]
    made_at: float
    sealed_at: float | None
    expires_at: float
    undone_at: float | None
    outcome: Outcome | None
    restored: int | None
    pruned_at: float | None
    pruned_why: str | None


def make(db: sqlite3.Connection, incident: Incident, record: dict[str, Any], times: tuple[float, float]) -> None:
    """Note a protection that was given to a run of an incident, made and expiring at `times`."""
    made_at, expires_at = times
    db.execute(
        "INSERT INTO undo_records (incident_id, action, host, target, protection, record, made_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (incident.id, incident.action, incident.host, incident.target, record["protection"], _json(record), made_at, expires_at),
    )


def seal(db: sqlite3.Connection, incident: Incident, record: dict[str, Any], now: float) -> None:
    """Note what the last run of an incident left."""
    db.execute("UPDATE undo_records SET record = ?, sealed_at = ? WHERE id = ?", (_json(record), now, _last_id(db, incident)))


def undo(db: sqlite3.Connection, incident: Incident, restored: Restored, now: float) -> None:
    """Note that the last run of an incident was undone, as far as nobody touched it since."""
    outcome: Outcome = "rollback_conflict" if restored.conflicts else "rolled_back"
    db.execute(
        "UPDATE undo_records SET undone_at = ?, outcome = ?, restored = coalesce(restored, 0) + ? WHERE id = ?",
        (now, outcome, restored.restored, _last_id(db, incident)),
    )


def _last_id(db: sqlite3.Connection, incident: Incident) -> int | None:
    found: int | None = db.execute("SELECT max(id) FROM undo_records WHERE incident_id = ?", (incident.id,)).fetchone()[0]
    return found


def prune(db: sqlite3.Connection, record_id: int, why: str, now: float) -> None:
    """Note that what a record leads to is deleted now, and why."""
    db.execute("UPDATE undo_records SET pruned_at = ?, pruned_why = ? WHERE id = ?", (now, why, record_id))


def withdraw(db: sqlite3.Connection, incident: Incident, now: float) -> None:
    """Note that what the last run of an incident was given is deleted again, for it did nothing."""
    record_id = _last_id(db, incident)
    if record_id is not None:
        prune(db, record_id, "for nothing had been begun", now)


def last(journal: Journal, incident_id: str | None = None, reading: Iterable[str] = ()) -> UndoRecord | None:
    """Return the newest record, of an incident or of all but those of selftests and of actions that are only `reading`; None where nothing was ever protected."""
    of_all = "SELECT * FROM undo_records WHERE (?1 IS NULL AND action NOT IN (SELECT value FROM json_each(?2))) OR incident_id = ?1 ORDER BY id DESC LIMIT 1"
    rows = journal.rows(of_all, incident_id, json.dumps([SELFTEST, *reading]))
    return _read(rows[0]) if rows else None


def of_incident(journal: Journal, incident_id: str) -> list[UndoRecord]:
    """Return the records of an incident, one for each of its runs, in order."""
    return [_read(row) for row in journal.rows("SELECT * FROM undo_records WHERE incident_id = ? ORDER BY id", incident_id)]


def standing(journal: Journal) -> list[UndoRecord]:
    """Return the records whose protections have not been pruned, the oldest first."""
    return [_read(row) for row in journal.rows("SELECT * FROM undo_records WHERE pruned_at IS NULL AND protection != 'none' ORDER BY id")]


def _read(row: sqlite3.Row) -> UndoRecord:
    return msgspec.convert({**dict(row), "record": msgspec.json.decode(row["record"])}, UndoRecord)


def _json(record: dict[str, Any]) -> str:
    return msgspec.json.encode(record, enc_hook=plain).decode()
