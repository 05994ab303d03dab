"""How selftests ended: the actor's own and those that a person ran, so that a restart neither repeats nor skips one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from homeostat.selftest import Report

if TYPE_CHECKING:
    from actor.journal import Journal

# Of a year's daily ones, the last weeks are enough to look back on.
_KEPT = 50


def put(journal: Journal, report: Report) -> None:
    """Keep how one ended, and forget the oldest. Raises JournalError."""
    with journal.transaction() as db:
        db.execute(
            "INSERT INTO selftests (ended_at, proves, report) VALUES (?, ?, ?)",
            (report.ended_at, int(report.proves), msgspec.json.encode(report).decode()),
        )
        # The last that proved something is remembered however long ago it was.
        db.execute(
            "DELETE FROM selftests WHERE id <= (SELECT max(id) FROM selftests) - ? AND id != (SELECT max(id) FROM selftests WHERE proves)", (_KEPT,)
        )


def last(journal: Journal) -> Report | None:
    """Return how the last one ended, None before the first. Raises JournalError."""
    rows = journal.rows("SELECT report FROM selftests ORDER BY id DESC LIMIT 1")
    return msgspec.json.decode(rows[0]["report"], type=Report) if rows else None


def last_failed_at(journal: Journal) -> str:
    """Return the hop where the chain last broke, empty where one came through since: what was muted says neither. Raises JournalError."""
    rows = journal.rows("SELECT report FROM selftests WHERE json_extract(report, '$.verdict') != 'muted' ORDER BY id DESC LIMIT 1")
    return msgspec.json.decode(rows[0]["report"], type=Report).failed_at if rows else ""


def last_proof(journal: Journal) -> float:
    """Return when the chain was last known to work (Unix seconds), 0 where it never was. Raises JournalError."""
    rows = journal.rows("SELECT ended_at FROM selftests WHERE proves ORDER BY id DESC LIMIT 1")
    return float(rows[0]["ended_at"]) if rows else 0.0
