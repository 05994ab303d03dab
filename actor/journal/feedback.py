"""What persons said of incidents in hindsight: one mark for each, which a later one replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from actor.journal import Journal
    from homeostat.words import Mark


def put(db: sqlite3.Connection, incident_id: str, mark: Mark, now: float) -> bool:
    """Mark an incident; False when it bears that mark already."""
    same = db.execute("SELECT 1 FROM feedback WHERE incident_id = ? AND mark = ?", (incident_id, mark)).fetchone()
    db.execute("INSERT OR REPLACE INTO feedback (incident_id, mark, marked_at) VALUES (?, ?, ?)", (incident_id, mark, now))
    return same is None


def counted(journal: Journal) -> list[tuple[tuple[str, str, Mark, str], int]]:
    """Return how many incidents bear a mark, by (host, action, mark, whether something was executed: `yes` or `no`)."""
    rows = journal.rows(
        "SELECT i.host, i.action, f.mark, iif(i.acted_at IS NULL, 'no', 'yes') AS executed, count(*) AS n"
        " FROM feedback f JOIN incidents i ON i.id = f.incident_id GROUP BY i.host, i.action, f.mark, executed"
    )
    return [((row["host"], row["action"], row["mark"], row["executed"]), row["n"]) for row in rows]
