"""How an incident was acted on: whether its problem's limit was still ahead when the first deed began (SPEC 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import sqlite3

    from homeostat.words import Acted

# What Prometheus told in the baseline that the first deed began from: the share of the limit that was used.
_BASELINE = """
SELECT result FROM phases WHERE incident_id = ?1 AND phase = 'baseline' AND result IS NOT NULL
    AND id < (SELECT min(id) FROM phases WHERE incident_id = ?1 AND phase = 'execute')
ORDER BY id DESC LIMIT 1
"""
_CLASSES = "SELECT DISTINCT action_class FROM executions WHERE incident_id = ?"


class _Baseline(msgspec.Struct):
    usage: float | None = None


def acted(db: sqlite3.Connection, incident_id: str) -> Acted:
    """Return how an incident was acted on.

    A deed counts from when its first command began: one that found nothing to do, or that a gate took back, was none.
    """
    row = db.execute(_BASELINE, (incident_id,)).fetchone()
    if row is None:
        return "not"
    if {found["action_class"] for found in db.execute(_CLASSES, (incident_id,))} == {"read"}:
        return "only_read"
    usage = msgspec.json.decode(row["result"], type=_Baseline).usage
    if usage is None:
        return "no_limit"
    return "before" if usage < 1 else "after"
