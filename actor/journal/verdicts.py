"""Gate verdicts with the inputs that they saw: all of a decision, and of a no that lasts for weeks its first and latest wording."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import msgspec

from actor.journal import totals
from actor.journal.incidents import plain
from actor.journal.wanted import TOUCHED
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from actor.journal import Journal
    from actor.model import Incident, Verdict

_MOST_VERDICTS = 1000
_MOST_REFUSALS = 100


def record(db: sqlite3.Connection, incident: Incident, verdicts: Mapping[str, Verdict], now: float) -> None:
    """Store what every gate said; of a no that goes on, its first and its latest wording. A new refusal counts."""
    latest, one_before = _last_two_askings(db, incident.id)
    before, said = _refusals(latest), {gate: (verdict.answer, verdict.reason) for gate, verdict in verdicts.items() if verdict.answer != "allow"}
    if said and said == before:
        return
    if said and _answers(said) == _answers(before) == _answers(_refusals(one_before)):
        # Asked once a minute for weeks, it would else be told a thousand times.
        db.executemany("DELETE FROM verdicts WHERE id = ?", [(row["id"],) for row in latest])
    db.executemany(
        "INSERT INTO verdicts (incident_id, asked_at, gate, answer, reason, inputs) VALUES (?, ?, ?, ?, ?, ?)",
        [(incident.id, now, gate, verdict.answer, verdict.reason, msgspec.json.encode(verdict.inputs, enc_hook=plain).decode()) for gate, verdict in verdicts.items()],
    )
    _forget_the_middle(db, incident)
    for gate, answer in () if incident.is_selftest else _answers(said).items():
        if _answers(before).get(gate) != answer:
            totals.add(db, "homeostat_gate_refusals_total", {"host": incident.host, "gate": gate, "action": incident.action})


def _last_two_askings(db: sqlite3.Connection, incident_id: str) -> tuple[list[sqlite3.Row], list[sqlite3.Row]]:
    rows = db.execute("SELECT id, asked_at, gate, answer, reason FROM verdicts WHERE incident_id = ? ORDER BY id DESC LIMIT 100", (incident_id,))
    askings = [list(asking) for _, asking in itertools.groupby(rows, key=lambda row: row["asked_at"])]
    askings += [[], []]
    return askings[0], askings[1]


def _refusals(asking: list[sqlite3.Row]) -> dict[str, tuple[str, str]]:
    return {row["gate"]: (row["answer"], row["reason"]) for row in asking if row["answer"] != "allow"}


def _answers(refusals: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {gate: answer for gate, (answer, _) in refusals.items()}


def _forget_the_middle(db: sqlite3.Connection, incident: Incident) -> None:
    """Of an episode whose gates change their minds for ever, keep the first asking and the latest ones."""
    db.execute(
        "DELETE FROM verdicts WHERE incident_id = ?1"
        " AND asked_at != (SELECT asked_at FROM verdicts WHERE incident_id = ?1 ORDER BY id LIMIT 1)"
        " AND id <= (SELECT max(id) FROM verdicts WHERE incident_id = ?1 AND asked_at ="
        " (SELECT asked_at FROM verdicts WHERE incident_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2))",
        (incident.id, _MOST_VERDICTS),
    )


def given_on(journal: Journal, incident_id: str) -> list[dict[str, Any]]:
    """Return every gate's verdicts on an incident, in the order they were given."""
    rows = journal.rows("SELECT asked_at, gate, answer, reason, inputs FROM verdicts WHERE incident_id = ? ORDER BY id", incident_id)
    return [{**dict(row), "inputs": msgspec.json.decode(row["inputs"])} for row in rows]


def refused_between(journal: Journal, since: float, until: float) -> list[tuple[str, str, str, int]]:
    """Return (gate, answer, action, how many incidents) of every no that was given between two Unix times, the most first."""
    rows = journal.rows(
        f"""SELECT v.gate, v.answer, i.action, count(DISTINCT v.incident_id) AS n FROM incidents i JOIN verdicts v ON v.incident_id = i.id
        WHERE {TOUCHED} >= ? AND i.problem != ? AND v.asked_at >= ? AND v.asked_at < ? AND v.answer != 'allow'
        GROUP BY v.gate, v.answer, i.action ORDER BY n DESC, v.gate, i.action LIMIT ?""",  # noqa: S608 - our own words; what was asked for is bound
        since, SELFTEST, since, until, _MOST_REFUSALS,
    )  # fmt: skip
    return [(row["gate"], row["answer"], row["action"], row["n"]) for row in rows]
