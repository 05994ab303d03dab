"""What people have not been told yet: outcomes that Alertmanager did not take, and which summary was the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from actor.journal import Journal


def owe(db: sqlite3.Connection, incident_id: str, now: float) -> None:
    """Note that people are to be told how an incident ended."""
    db.execute("INSERT OR REPLACE INTO owed (incident_id, ended_at) VALUES (?, ?)", (incident_id, now))


def settle(db: sqlite3.Connection, incident_id: str) -> None:
    """Note that they were told, or that it is news no more."""
    db.execute("DELETE FROM owed WHERE incident_id = ?", (incident_id,))


def owed(journal: Journal) -> list[tuple[str, float]]:
    """Return the incidents whose outcome is owed, each with the Unix time at which it ended, the oldest first."""
    return [(row["incident_id"], row["ended_at"]) for row in journal.rows("SELECT * FROM owed ORDER BY ended_at")]


def last_summary(journal: Journal, period: str) -> float | None:
    """Return when (Unix seconds) the last summary of a period that was posted was due; None before the first."""
    rows = journal.rows("SELECT due_at FROM summaries WHERE period = ?", period)
    return rows[0]["due_at"] if rows else None


def note_summary(db: sqlite3.Connection, period: str, due_at: float) -> None:
    """Note that the summary of a period that was due then was posted, or is nobody's any more."""
    db.execute("INSERT OR REPLACE INTO summaries (period, due_at) VALUES (?, ?)", (period, due_at))
