"""Incidents and what they went through: phases with intent and result, proposals."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from actor.journal import totals
from actor.journal.acting import acted
from actor.journal.wanted import ALL, TOUCHED, Wanted
from actor.model import Decided, EpisodeKey, Incident, Plan
from homeostat.words import EXECUTED, SELFTEST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from actor.journal import Journal
    from homeostat.words import Outcome, State

CONFIDENCE_BOUNDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
RESOLUTION_BOUNDS = (60, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600)
DURATION_BOUNDS = (1, 5, 15, 30, 60, 120, 300, 900)


def _incident(row: sqlite3.Row) -> Incident:
    return msgspec.convert({**dict(row), "alert_labels": msgspec.json.decode(row["alert_labels"])}, Incident)


def find(journal: Journal, incident_id: str) -> Incident | None:
    """Return the incident of that id, or None."""
    rows = journal.rows("SELECT * FROM incidents WHERE id = ?", incident_id)
    return _incident(rows[0]) if rows else None


def of_open_episode(journal: Journal, key: EpisodeKey) -> Incident | None:
    """Return the incident whose episode `key` goes on, or None."""
    rows = journal.rows(
        "SELECT * FROM incidents WHERE host = ? AND problem = ? AND target = ? AND resource = ? AND episode_ended_at IS NULL", *key
    )
    return _incident(rows[0]) if rows else None


def open_episodes(journal: Journal) -> list[Incident]:
    """Return the incidents whose episodes go on."""
    return [_incident(row) for row in journal.rows("SELECT * FROM incidents WHERE episode_ended_at IS NULL")]


def due(journal: Journal, now: float) -> list[Incident]:
    """Return the incidents that are to be looked at by `now`, the longest waiting first."""
    rows = journal.rows("SELECT * FROM incidents WHERE wake_at <= ? AND state IS NOT 'running' ORDER BY wake_at", now)
    return [_incident(row) for row in rows]


def running(journal: Journal) -> list[Incident]:
    """Return the incidents that are being acted on, or were when the last process ended."""
    return [_incident(row) for row in journal.rows("SELECT * FROM incidents WHERE state = 'running'")]


def newest_selftest(journal: Journal) -> Incident | None:
    """Return the newest incident of a synthetic problem, or None."""
    rows = journal.rows("SELECT * FROM incidents WHERE target = ?1 AND problem = ?1 ORDER BY opened_at DESC LIMIT 1", SELFTEST)
    return _incident(rows[0]) if rows else None


def alike(journal: Journal, incident: Incident, bounds: tuple[Collection[Outcome], int]) -> list[Incident]:
    """Return at most so many other incidents of the same problem with one of these outcomes, those of the same target first, the newest first."""
    outcomes, most = bounds
    query = f"""SELECT * FROM incidents WHERE problem = ? AND id != ? AND outcome IN ({", ".join("?" * len(outcomes))})
        ORDER BY target = ? DESC, opened_at DESC LIMIT ?"""  # noqa: S608 - question marks only
    return [_incident(row) for row in journal.rows(query, incident.problem, incident.id, *outcomes, incident.target, most)]


def stranded(journal: Journal, since: float) -> set[str]:
    """Return the ids of the incidents that were stranded since that Unix time: a person needs what is kept of them."""
    return {row["id"] for row in journal.rows("SELECT id FROM incidents WHERE outcome = 'stranded' AND closed_at >= ?", since)}


def recent(journal: Journal, since: float, wanted: Wanted = ALL, most: int = 1000) -> list[Incident]:
    """Return the incidents opened, acted on or closed since that Unix time, newest first: of those that are wanted so many at most, the last touched."""
    condition, values = wanted.condition(since)
    # The last touched first, which has an index of its own.
    query = f"SELECT * FROM incidents WHERE {condition} ORDER BY {TOUCHED} DESC LIMIT ?"  # noqa: S608 - our own words; what was asked for is bound
    rows = journal.rows(query, *values, most)
    return sorted(map(_incident, rows), key=lambda incident: incident.opened_at, reverse=True)


class Listing(msgspec.Struct, frozen=True):
    """One page of those that are wanted, how many there are in all, and on how many pages (at least one)."""

    found: list[Incident]
    count: int
    pages: int


def page(journal: Journal, place: tuple[int, int], wanted: Wanted = ALL, since: float | None = None) -> Listing:
    """Return a page, counted from 1, of so many incidents that are wanted, touched since a Unix time (None: ever), the last opened first."""
    number, size = place
    condition, values = wanted.condition(since)
    count = journal.rows(f"SELECT count(*) AS n FROM incidents WHERE {condition}", *values)[0]["n"]  # noqa: S608 - our own words; what was asked for is bound
    query = f"SELECT * FROM incidents WHERE {condition} ORDER BY opened_at DESC, rowid DESC LIMIT ? OFFSET ?"  # noqa: S608
    rows = journal.rows(query, *values, size, (number - 1) * size)
    return Listing([_incident(row) for row in rows], count, max(1, -(-count // size)))


def runs_of(journal: Journal, action: str, most: int) -> list[Incident]:
    """Return so many incidents at most that this action ran in, the last run first."""
    return [_incident(row) for row in journal.rows("SELECT * FROM incidents WHERE action = ? AND acted_at IS NOT NULL ORDER BY acted_at DESC LIMIT ?", action, most)]


def names(journal: Journal, column: Literal["problem", "action"]) -> list[str]:
    """Return every problem, or every action, that any incident bears."""
    return [row["name"] for row in journal.rows(f"SELECT DISTINCT {column} AS name FROM incidents ORDER BY name")]  # noqa: S608 - one of two words


def open_incident(db: sqlite3.Connection, incident_id: str, decided: Decided, at: tuple[float, float]) -> None:
    """Begin an incident at a time, to be looked at now; the second time is when it was heard of."""
    now, heard_at = at
    db.execute(
        "INSERT INTO incidents (id, host, problem, target, resource, action, risk, decision, severity, confidence,"
        " state, reason, opened_at, last_firing_at, wake_at, alert_labels)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'accepted', ?, ?, ?, ?, ?)",
        (
            incident_id, *decided.key, decided.action, decided.risk, decided.decision, decided.severity, decided.confidence,
            "heard of", now, heard_at, now, _json(decided.labels),
        ),
    )  # fmt: skip
    _count_decision(db, decided)


def update(db: sqlite3.Connection, incident: Incident, decided: Decided, at: tuple[float, float], *, reopen: bool) -> None:
    """Take over, at a time, what an alert heard of at another says; `reopen` takes over its decision too, to be looked at afresh."""
    now, heard_at = at
    db.execute("UPDATE incidents SET severity = ?, last_firing_at = max(last_firing_at, ?), gone_at = NULL WHERE id = ?", (decided.severity, heard_at, incident.id))
    if not reopen:
        # What runs, ran or was denied keeps the decision that it was about. What waits may wait no longer: critical may pass some gates.
        if incident.state == "deferred" and incident.severity != decided.severity:
            db.execute("UPDATE incidents SET wake_at = min(wake_at, ?) WHERE id = ?", (now, incident.id))
        return
    db.execute(
        "UPDATE incidents SET action = ?, risk = ?, decision = ?, confidence = ?, alert_labels = ? WHERE id = ?",
        (decided.action, decided.risk, decided.decision, decided.confidence, _json(decided.labels), incident.id),
    )
    db.execute("DELETE FROM proposals WHERE incident_id = ?", (incident.id,))
    db.execute("UPDATE incidents SET announced_at = NULL, told_gate = NULL WHERE id = ?", (incident.id,))
    move(db, incident, "accepted", "the decision changed", now)
    if (decided.action, decided.decision) != (incident.action, incident.decision):
        _count_decision(db, decided)


def _count_decision(db: sqlite3.Connection, decided: Decided) -> None:
    if decided.confidence is not None and decided.key.problem != SELFTEST:
        labels = {"host": decided.key.host, "decision": decided.decision}
        totals.observe(db, "homeostat_decision_confidence_ratio", labels, decided.confidence, CONFIDENCE_BOUNDS)
        if decided.action != "none":
            totals.observe(db, "homeostat_action_confidence_ratio", {"host": decided.key.host, "action": decided.action}, decided.confidence, ())


def still_firing(db: sqlite3.Connection, incident_id: str, now: float) -> None:
    """Note that Prometheus itself still decides this."""
    db.execute("UPDATE incidents SET last_firing_at = ?, gone_at = NULL WHERE id = ?", (now, incident_id))


def seen_gone(db: sqlite3.Connection, incident_id: str, now: float) -> None:
    """Note that Prometheus, which could see, does not decide this any more; the first such look since it did counts."""
    db.execute("UPDATE incidents SET gone_at = coalesce(gone_at, ?) WHERE id = ?", (now, incident_id))


def move(db: sqlite3.Connection, incident: Incident, state: State, reason: str, wake_at: float | None) -> None:
    """Put an incident into a state on its way; it is looked at again at `wake_at`."""
    db.execute(
        "UPDATE incidents SET state = ?, outcome = NULL, closed_at = NULL, reason = ?, wake_at = ? WHERE id = ?", (state, reason, wake_at, incident.id)
    )


def add_reason(db: sqlite3.Connection, incident_id: str, words: str) -> None:
    """Say one more thing about how an incident ended."""
    db.execute("UPDATE incidents SET reason = reason || '; ' || ? WHERE id = ?", (words, incident_id))


def announced(db: sqlite3.Connection, incident_id: str, acts_at: float | None) -> None:
    """Note the time at which people were told that an incident will act; None when that no longer holds."""
    db.execute("UPDATE incidents SET announced_at = ? WHERE id = ?", (acts_at, incident_id))


def told_deferral(db: sqlite3.Connection, incident_id: str, gate: str | None) -> None:
    """Note that people were told of a deferral by that gate; None when they were told of another time since."""
    db.execute("UPDATE incidents SET told_gate = ? WHERE id = ?", (gate, incident_id))


def scheduled(journal: Journal) -> list[Incident]:
    """Return what is deferred or announced, the soonest first."""
    return [_incident(row) for row in journal.rows("SELECT * FROM incidents WHERE state IN ('deferred', 'announced') ORDER BY wake_at")]


def wake_undecided(db: sqlite3.Connection, now: float) -> None:
    """Have every refused, shadowed or deferred incident of an open episode looked at again, as after a reload."""
    db.execute(
        "UPDATE incidents SET wake_at = ? WHERE (outcome IN ('refused', 'shadowed') OR state = 'deferred') AND episode_ended_at IS NULL", (now,)
    )


def settle(db: sqlite3.Connection, incident: Incident, outcome: Outcome, reason: str, at: tuple[float, float | None]) -> None:
    """End an incident with `outcome`, at a time, to be looked at again at another (or None); an unchanged outcome counts once."""
    now, wake_at = at
    db.execute(
        "UPDATE incidents SET state = NULL, outcome = ?, reason = ?, closed_at = ?, wake_at = ? WHERE id = ?",
        (outcome, reason, now, wake_at, incident.id),
    )
    if incident.is_selftest:
        return
    last = db.execute("SELECT word FROM last_outcomes WHERE incident_id = ?", (incident.id,)).fetchone()
    word = f"{incident.decision} {incident.action} {outcome}"
    if last is not None and last["word"] == word:
        return
    db.execute("INSERT OR REPLACE INTO last_outcomes (incident_id, word) VALUES (?, ?)", (incident.id, word))
    labels = {"host": incident.host, "action": incident.action, "target": incident.target, "decision": incident.decision, "outcome": outcome}
    totals.add(db, "homeostat_actions_total", labels)
    if outcome in EXECUTED and incident.acted_at is not None:
        duration_labels = {"host": incident.host, "action": incident.action}
        totals.observe(db, "homeostat_action_duration_seconds", duration_labels, max(0.0, now - incident.acted_at), DURATION_BOUNDS)


def end_episode(db: sqlite3.Connection, incident: Incident, now: float) -> None:
    """End the episode: what still waited is `cleared`; how long the problem lasted and how it was acted on is counted."""
    if incident.outcome is None:
        settle(db, incident, "cleared", "the problem went away", (now, None))
    db.execute("UPDATE incidents SET episode_ended_at = ?, wake_at = NULL WHERE id = ?", (now, incident.id))
    db.execute("DELETE FROM proposals WHERE incident_id = ?", (incident.id,))
    if incident.is_selftest:
        return
    labels = {"host": incident.host, "problem": incident.problem}
    totals.observe(db, "homeostat_resolution_seconds", labels, max(0.0, (incident.gone_at or now) - incident.opened_at), RESOLUTION_BOUNDS)
    totals.add(db, "homeostat_incidents_ended_total", {**labels, "decision": incident.decision, "acted": acted(db, incident.id)})


def intend(journal: Journal, incident_id: str, phase: str, intent: Any, now: float) -> int:
    """Commit what is about to be done and return the phase's id. Raises JournalError; then nothing may be done."""
    with journal.transaction() as db:
        cursor = db.execute(
            "INSERT INTO phases (incident_id, phase, intent, intended_at) VALUES (?, ?, ?, ?)", (incident_id, phase, _json(intent), now)
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid


def conclude(db: sqlite3.Connection, phase_id: int, result: Any, failure: str | None, now: float) -> None:
    """Note what came of it."""
    db.execute("UPDATE phases SET finished_at = ?, result = ?, failure = ? WHERE id = ?", (now, _json(result), failure, phase_id))


def phases_of(journal: Journal, incident_id: str) -> list[dict[str, Any]]:
    """Return an incident's phases in order, with intent, result (None while unfinished) and failure."""
    rows = journal.rows("SELECT id, phase, intent, intended_at, finished_at, result, failure FROM phases WHERE incident_id = ? ORDER BY id", incident_id)
    return [
        {**dict(row), "intent": msgspec.json.decode(row["intent"]), "result": msgspec.json.decode(row["result"]) if row["result"] else None}
        for row in rows
    ]


def ever_begun(journal: Journal, incident_id: str) -> bool:
    """Say whether a command of this incident was ever begun, in whatever run."""
    return bool(journal.rows("SELECT 1 FROM phases WHERE incident_id = ? AND phase = 'execute' LIMIT 1", incident_id))


def propose(db: sqlite3.Connection, incident: Incident, plan: Plan, times: tuple[float, float]) -> None:
    """Store a proposal of exactly this plan, made and expiring at `times`."""
    made_at, expires_at = times
    db.execute(
        "INSERT OR REPLACE INTO proposals (incident_id, plan, plan_hash, made_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        (incident.id, _json(plan), plan_hash(plan), made_at, expires_at),
    )


def proposal_of(journal: Journal, incident_id: str) -> dict[str, Any] | None:
    """Return an incident's proposal, or None."""
    rows = journal.rows("SELECT * FROM proposals WHERE incident_id = ?", incident_id)
    return {**dict(rows[0]), "plan": msgspec.json.decode(rows[0]["plan"])} if rows else None


def waiting_proposals(journal: Journal) -> list[tuple[Incident, float]]:
    """Return the proposals that wait for a person, which a selftest's does not, each with the Unix time at which it expires."""
    waiting = "SELECT i.*, p.expires_at FROM incidents i JOIN proposals p ON p.incident_id = i.id WHERE i.state = 'proposed' AND i.problem != ?"
    rows = journal.rows(waiting, SELFTEST)
    return [(_incident(row), row["expires_at"]) for row in rows]


def plan_hash(plan: Plan) -> str:
    """Return what identifies what exactly this plan does; how much is free and what stays besides may change by the minute."""
    deeds = msgspec.structs.replace(plan, target_bytes=None, left=())
    return hashlib.sha256(msgspec.json.encode(deeds, order="deterministic")).hexdigest()


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=plain).decode()


def plain(value: object) -> object:
    """Return durations and sizes as the numbers that they are to whoever reads JSON."""
    if isinstance(value, float | int):
        return float(value)
    raise NotImplementedError(f"the journal holds no {type(value).__name__}")
