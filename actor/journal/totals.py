"""Cumulative totals: they move in the transaction of what they count, so they survive a crash and never fall."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from actor.journal import Journal


def add(db: sqlite3.Connection, name: str, labels: Mapping[str, str], amount: float = 1) -> None:
    """Add `amount` to the counter `name` with `labels`."""
    db.execute(
        "INSERT INTO totals (name, labels, value) VALUES (?, ?, ?) ON CONFLICT (name, labels) DO UPDATE SET value = value + excluded.value",
        (name, json.dumps(labels, sort_keys=True), amount),
    )


def observe(db: sqlite3.Connection, name: str, labels: Mapping[str, str], value: float, bounds: Sequence[float]) -> None:
    """Add `value` to the histogram `name`: every bucket whose upper bound is not below it, the sum and the count."""
    for bound in bounds:
        add(db, f"{name}_bucket", {**labels, "le": str(float(bound))}, 1 if value <= bound else 0)
    add(db, f"{name}_bucket", {**labels, "le": "+Inf"}, 1)
    add(db, f"{name}_sum", labels, value)


def read(journal: Journal) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return every total, by name, with its labels."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for row in journal.rows("SELECT name, labels, value FROM totals ORDER BY name, labels"):
        found.setdefault(row["name"], []).append((json.loads(row["labels"]), row["value"]))
    return found
