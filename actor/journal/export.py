"""The audit trail as JSON lines: every alert with what became of it, every incident with its whole story, every word on everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from actor.journal import Journal

# What the journal keeps as JSON; it is told as JSON.
_NESTED = {"labels", "annotations", "alert_labels", "inputs", "intent", "result", "plan", "record"}
_ALERTS = (
    "SELECT a.*, d.received_at, d.source FROM alerts a JOIN deliveries d ON d.id = a.delivery_id WHERE a.id > ? AND d.received_at >= ? ORDER BY a.id LIMIT ?"
)
_INCIDENTS = (
    "SELECT rowid AS number, * FROM incidents WHERE rowid > ?"
    " AND max(opened_at, last_firing_at, coalesce(acted_at, 0), coalesce(closed_at, 0)) >= ? ORDER BY rowid LIMIT ?"
)
_CONTROLS = "SELECT * FROM controls WHERE id > ? AND said_at >= ? ORDER BY id LIMIT ?"
_AT_ONCE = 50


def lines(journal: Journal, since: float) -> Iterator[bytes]:
    """Tell what happened since that Unix time, a few rows at a time, so that the journal stays free for others. Raises JournalError."""
    for row in _pages(journal, _ALERTS, "id", since):
        yield _line({"kind": "alert", **_plain(row)})
    about = telling(journal)
    for row in _pages(journal, _INCIDENTS, "number", since):
        story = {table: [_plain(part) for part in journal.rows(query, row["id"])] for table, query in about.items()}
        incident = _plain(row)
        del incident["number"]
        yield _line({"kind": "incident", **incident, **story})
    for row in _pages(journal, _CONTROLS, "id", since):
        yield _line({"kind": "control", **_plain(row)})


def telling(journal: Journal) -> dict[str, str]:
    """Return for every table that tells of incidents, but for the alerts, the query for what it says of one."""
    tables = [row["name"] for row in journal.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alerts' ORDER BY name")]
    columns = [(table, column["name"]) for table in tables for column in journal.rows(f"PRAGMA table_info({table})")]
    return {table: f"SELECT * FROM {table} WHERE incident_id = ? ORDER BY rowid" for table, column in columns if column == "incident_id"}  # noqa: S608 - the schema's own names


def _pages(journal: Journal, query: str, counter: str, since: float) -> Iterator[sqlite3.Row]:
    last = 0
    while rows := journal.rows(query, last, since, _AT_ONCE):
        yield from rows
        last = rows[-1][counter]


def _plain(row: sqlite3.Row) -> dict[str, Any]:
    return {name: msgspec.json.decode(value) if name in _NESTED and value is not None else value for name, value in dict(row).items()}


def _line(value: dict[str, Any]) -> bytes:
    return msgspec.json.encode(value) + b"\n"
