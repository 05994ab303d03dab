"""What is old goes, a little at a time; never what something still waits for, runs, undoes or counts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.journal import ledger, totals

if TYPE_CHECKING:
    import sqlite3

    from actor.journal import Journal
    from homeostat.config.types import Retention

# The story of an incident, which goes with it. Whatever else refers to an incident keeps it.
STORY = ("phases", "verdicts", "words", "proposals", "executions", "last_outcomes", "undo_records")
_PRUNED = "homeostat_journal_pruned_total"
_DELIVERIES_AT_ONCE = 50
_INCIDENTS_AT_ONCE = 20


def prune(journal: Journal, retention: Retention, now: float) -> int:
    """Remove the oldest of what is kept no longer, in two small transactions; return how many deliveries and incidents. Raises JournalError."""
    with journal.transaction() as db:
        deliveries = _prune_deliveries(db, now - retention.deliveries)
    with journal.transaction() as db:
        return deliveries + _prune_incidents(db, now - retention.incidents, now)


def _prune_deliveries(db: sqlite3.Connection, before: float) -> int:
    """Remove the first deliveries with their alerts, once all of these are decided."""
    oldest = db.execute(
        "SELECT id FROM (SELECT id, received_at FROM deliveries ORDER BY id LIMIT ?) AS d WHERE received_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM alerts WHERE delivery_id = d.id AND disposition IS NULL)",
        (_DELIVERIES_AT_ONCE, before),
    ).fetchall()
    ids = [(row["id"],) for row in oldest]
    _count(db, "alerts", db.executemany("DELETE FROM alerts WHERE delivery_id = ?", ids).rowcount)
    _count(db, "deliveries", db.executemany("DELETE FROM deliveries WHERE id = ?", ids).rowcount)
    return len(ids)


def _prune_incidents(db: sqlite3.Connection, before: float, now: float) -> int:
    """Remove the first incidents whose episodes ended, with their story."""
    # These names are the schema's own.
    kept_by = " ".join(f"AND NOT EXISTS (SELECT 1 FROM {table} WHERE {column} = i.id)" for table, column in _other_references(db))  # noqa: S608
    ended = db.execute(
        "SELECT id FROM incidents AS i WHERE episode_ended_at < ?1 AND state IS NULL"  # noqa: S608
        " AND NOT EXISTS (SELECT 1 FROM undo_records WHERE incident_id = i.id AND protection != 'none' AND pruned_at IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM executions WHERE incident_id = i.id AND (ended_at IS NULL OR started_at >= ?2))"
        f" {kept_by} ORDER BY episode_ended_at LIMIT ?3",
        (before, now - ledger.HISTORY_SECONDS, _INCIDENTS_AT_ONCE),
    ).fetchall()
    ids = [(row["id"],) for row in ended]
    for table in STORY:
        db.executemany(f"DELETE FROM {table} WHERE incident_id = ?", ids)  # noqa: S608
    _count(db, "incidents", db.executemany("DELETE FROM incidents WHERE id = ?", ids).rowcount)
    return len(ids)


def _other_references(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return (table, column) of all that refers to incidents beyond their story."""
    tables = [row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if row["name"] not in STORY]
    return [(table, key["from"]) for table in tables for key in db.execute(f"PRAGMA foreign_key_list({table})") if key["table"] == "incidents"]


def _count(db: sqlite3.Connection, kind: str, number: int) -> None:
    if number > 0:
        totals.add(db, _PRUNED, {"kind": kind}, number)
