"""What persons said of incidents: kept for the story, and a yes that one run uses up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.model import Approval, Word

if TYPE_CHECKING:
    import sqlite3

    from actor.journal import Journal


def say(db: sqlite3.Connection, incident_id: str, word: Word) -> None:
    """Keep what a person said of an incident."""
    db.execute(
        "INSERT INTO words (incident_id, word, author, said_at, until, reason) VALUES (?, ?, ?, ?, ?, ?)",
        (incident_id, word.word, word.author, word.said_at, word.until, word.reason),
    )


def said_of(journal: Journal, incident_id: str) -> tuple[Word, ...]:
    """Return what persons said of an incident, in order."""
    rows = journal.rows("SELECT word, author, said_at, until, reason FROM words WHERE incident_id = ? ORDER BY id", incident_id)
    return tuple(msgspec.convert(dict(row), Word) for row in rows)


def approve(db: sqlite3.Connection, incident_id: str, author: str, now: float) -> None:
    """Note a person's yes to the proposal of an incident as it stands."""
    db.execute("UPDATE proposals SET approved_by = ?, approved_at = ? WHERE incident_id = ?", (author, now, incident_id))


def approval_of(journal: Journal, incident_id: str, now: float) -> Approval | None:
    """Return the yes that is in force at `now`; a proposal that has expired is in force no more."""
    rows = journal.rows(
        "SELECT approved_by AS author, approved_at, plan_hash FROM proposals WHERE incident_id = ? AND approved_at IS NOT NULL AND expires_at > ?",
        incident_id,
        now,
    )
    return msgspec.convert(dict(rows[0]), Approval) if rows else None


def withdraw_approval(db: sqlite3.Connection, incident_id: str) -> None:
    """Let a yes be in force no longer: it was used, or a person took it back."""
    db.execute("UPDATE proposals SET approved_by = NULL, approved_at = NULL WHERE incident_id = ?", (incident_id,))


def counted_between(journal: Journal, since: float, until: float) -> dict[str, int]:
    """Return how often each word was said between two Unix times."""
    rows = journal.rows("SELECT word, count(*) AS n FROM words WHERE said_at >= ? AND said_at < ? GROUP BY word", since, until)
    return {row["word"]: row["n"] for row in rows}
