"""Deliveries and their alerts: stored before they are acknowledged, each decided exactly once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.journal import totals

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from actor.journal import Journal


class ReceivedAlert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert of a webhook's payload, version 4."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    fingerprint: str


class StoredAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert on disk that nobody has decided yet; `received_at` is Unix seconds."""

    id: int
    received_at: float
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]


def store(journal: Journal, source: str, received_at: float, delivery: tuple[bytes, int], alerts: Sequence[ReceivedAlert]) -> None:
    """Commit a delivery (its body and how many alerts were cut from it) with its alerts. Raises JournalError."""
    body, truncated = delivery
    said = [(alert.fingerprint, alert.status, _json(alert.labels), _json(alert.annotations), alert.starts_at) for alert in alerts]

    def write(db: sqlite3.Connection) -> None:
        cursor = db.execute(
            "INSERT INTO deliveries (received_at, source, truncated, body) VALUES (?, ?, ?, ?)", (received_at, source, truncated, body)
        )
        db.executemany(
            "INSERT INTO alerts (delivery_id, fingerprint, status, labels, annotations, starts_at) VALUES (?, ?, ?, ?, ?, ?)",
            [(cursor.lastrowid, *columns) for columns in said],
        )
        totals.add(db, "homeostat_deliveries_total", {"source": source})
        totals.add(db, "homeostat_alerts_received_total", {"source": source}, len(said))

    journal.together(write)


def undecided(journal: Journal, most: int = 500) -> list[StoredAlert]:
    """Return the oldest alerts that nobody has decided yet."""
    rows = journal.rows(
        "SELECT a.id, d.received_at, a.status, a.labels, a.annotations FROM alerts a JOIN deliveries d ON d.id = a.delivery_id"
        " WHERE a.disposition IS NULL ORDER BY a.id LIMIT ?",
        most,
    )
    return [
        StoredAlert(
            id=row["id"],
            received_at=row["received_at"],
            status=row["status"],
            labels=msgspec.json.decode(row["labels"]),
            annotations=msgspec.json.decode(row["annotations"]),
        )
        for row in rows
    ]


def sources_of(journal: Journal, incident_id: str) -> tuple[str, ...]:
    """Return how the firing alerts of an incident were heard of: by the webhook, by asking, or both."""
    rows = journal.rows(
        "SELECT DISTINCT d.source FROM alerts a JOIN deliveries d ON d.id = a.delivery_id WHERE a.incident_id = ? AND a.status = 'firing' ORDER BY d.source", incident_id
    )
    return tuple(row["source"] for row in rows)


def pending(journal: Journal) -> int:
    """Count the alerts that nobody has decided yet."""
    count: int = journal.rows("SELECT count(*) FROM alerts WHERE disposition IS NULL")[0][0]
    return count


def decide(db: sqlite3.Connection, alert_id: int, disposition: str, reason: str, incident: tuple[str | None, float]) -> None:
    """Record what became of an alert: a word, a reason, and the incident (or None) and time; the first decision stays."""
    incident_id, decided_at = incident
    decided = db.execute(
        "UPDATE alerts SET disposition = ?, reason = ?, incident_id = ?, decided_at = ? WHERE id = ? AND disposition IS NULL",
        (disposition, reason, incident_id, decided_at, alert_id),
    )
    if decided.rowcount:
        totals.add(db, "homeostat_alerts_decided_total", {"disposition": disposition})


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
