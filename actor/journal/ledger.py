"""What was done and what came of it: executions for budgets and cooldowns, breakers, track record, learned offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.model import Breaker, Execution, Incident
from homeostat.config.section import DAY

if TYPE_CHECKING:
    import sqlite3

    from actor.journal import Journal
    from actor.playbook import Playbook
    from homeostat.words import Outcome

# An owner's cooldown or budget may span months, and an episode too.
HISTORY_SECONDS = 366 * DAY


class TrackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Successes over trials of one action at one target (or over all, when summed)."""

    action: str
    successes: int
    trials: int
    failures_in_row: int


class Offset(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned of an action: a shift of its confidence, as it was at `moved_at`."""

    action: str
    value: float
    moved_at: float


def begin(db: sqlite3.Connection, incident: Incident, playbook: Playbook, now: float) -> None:
    """Take the budget: note that the action starts, in the transaction of the gates' verdicts."""
    db.execute(
        "INSERT INTO executions (incident_id, action, action_class, target, host, resource, started_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (incident.id, playbook.name, playbook.file.action_class, incident.target, incident.host, incident.resource, now),
    )
    db.execute("UPDATE incidents SET acted_at = ? WHERE id = ?", (now, incident.id))


def withdraw(db: sqlite3.Connection, incident: Incident) -> None:
    """Give back the budget of an execution that had no effect, and the probe that it may have been."""
    db.execute("DELETE FROM executions WHERE incident_id = ? AND ended_at IS NULL", (incident.id,))
    db.execute("UPDATE incidents SET acted_at = NULL WHERE id = ?", (incident.id,))
    db.execute("UPDATE breakers SET probe = NULL WHERE probe = ?", (incident.id,))


def end(db: sqlite3.Connection, incident_id: str, outcome: Outcome, now: float) -> None:
    """Note how the running execution of an incident ended."""
    db.execute("UPDATE executions SET ended_at = ?, outcome = ? WHERE incident_id = ? AND ended_at IS NULL", (now, outcome, incident_id))


def executions(journal: Journal, since: float) -> tuple[Execution, ...]:
    """Return the executions begun since that Unix time, and all that still run."""
    rows = journal.rows("SELECT * FROM executions WHERE started_at >= ? OR ended_at IS NULL ORDER BY started_at", since)
    return tuple(msgspec.convert(dict(row), Execution) for row in rows)


def latest(journal: Journal) -> float:
    """Return the Unix time of the latest thing that is known to have happened; 0 in an empty journal."""
    rows = journal.rows(
        "SELECT max(coalesce((SELECT max(max(started_at, coalesce(ended_at, 0))) FROM executions), 0),"
        " coalesce((SELECT max(last_firing_at) FROM incidents WHERE episode_ended_at IS NULL), 0),"
        " coalesce((SELECT received_at FROM deliveries ORDER BY id DESC LIMIT 1), 0)) AS at"
    )
    at: float = rows[0]["at"]
    return at


def shift(db: sqlite3.Connection, seconds: float, before: float) -> None:
    """Move every time that something waits for by `seconds`, as the host's clock was; its old hand stood at `before` (Unix seconds).

    News that bears a later time was written by the clock as it is now, before anybody noticed.
    """
    db.execute("UPDATE executions SET started_at = started_at + ?, ended_at = ended_at + ?", (seconds, seconds))
    # Of deliveries, only those that somebody will still ask the time of; a long history stays where it was.
    db.execute(
        "UPDATE deliveries SET received_at = received_at + ? WHERE received_at <= ? AND (id = (SELECT max(id) FROM deliveries)"
        " OR id IN (SELECT delivery_id FROM alerts WHERE disposition IS NULL))",
        (seconds, before),
    )
    db.execute("UPDATE breakers SET open_until = open_until + ?", (seconds,))
    db.execute("UPDATE trials SET ended_at = ended_at + ?1, gone_at = gone_at + ?1, recurred_at = recurred_at + ?1", (seconds,))
    db.execute("UPDATE proposals SET made_at = made_at + ?1, expires_at = expires_at + ?1, approved_at = approved_at + ?1", (seconds,))
    db.execute("UPDATE undo_records SET made_at = made_at + ?1, expires_at = expires_at + ?1 WHERE pruned_at IS NULL", (seconds,))
    open_ones = "(SELECT id FROM incidents WHERE episode_ended_at IS NULL)"
    db.execute(f"UPDATE words SET said_at = said_at + ?1, until = until + ?1 WHERE incident_id IN {open_ones}", (seconds,))  # noqa: S608
    db.execute(
        "UPDATE incidents SET opened_at = opened_at + ?1, last_firing_at = last_firing_at + iif(last_firing_at <= ?2, ?1, 0),"
        " wake_at = wake_at + ?1, acted_at = acted_at + ?1, announced_at = announced_at + ?1, gone_at = gone_at + ?1 WHERE episode_ended_at IS NULL",
        (seconds, before),
    )


def last_actions(journal: Journal) -> list[tuple[str, str, str, str, float]]:
    """Return (action, host, target, resource, Unix seconds) of the last execution of each."""
    rows = journal.rows(
        "SELECT action, host, target, resource, max(coalesce(ended_at, started_at)) AS at FROM executions GROUP BY host, action, target, resource"
    )
    return [(row["action"], row["host"], row["target"], row["resource"], row["at"]) for row in rows]


def breakers(journal: Journal) -> tuple[Breaker, ...]:
    """Return every breaker that ever counted a failure."""
    return tuple(msgspec.convert(dict(row), Breaker) for row in journal.rows("SELECT * FROM breakers"))


def put_breaker(db: sqlite3.Connection, breaker: Breaker) -> None:
    """Store a breaker's state."""
    db.execute(
        "INSERT OR REPLACE INTO breakers (scope, failures, open_until, openings, probe) VALUES (?, ?, ?, ?, ?)",
        (breaker.scope, breaker.failures, breaker.open_until, breaker.openings, breaker.probe),
    )


def reset_breakers(db: sqlite3.Connection) -> None:
    """Close every breaker and forget its failures."""
    db.execute("DELETE FROM breakers")


def record_of(journal: Journal, action: str) -> TrackRecord:
    """Return an action's record over all its targets; nothing but zeros when it never ran."""
    rows = journal.rows(
        "SELECT coalesce(sum(successes), 0) AS successes, coalesce(sum(trials), 0) AS trials, coalesce(min(failures_in_row), 0) AS failures_in_row"
        " FROM records WHERE action = ?",
        action,
    )
    return TrackRecord(action=action, **dict(rows[0]))


def records(journal: Journal) -> list[tuple[str, TrackRecord]]:
    """Return every (target, record of an action there)."""
    rows = journal.rows("SELECT * FROM records ORDER BY action, target")
    return [(row["target"], msgspec.convert(dict(row), TrackRecord)) for row in rows]


def record_at(journal: Journal, action: str, target: str) -> TrackRecord:
    """Return an action's record at one target; nothing but zeros when it never ran there."""
    found = (record for at, record in records(journal) if (record.action, at) == (action, target))
    return next(found, TrackRecord(action=action, successes=0, trials=0, failures_in_row=0))


def correct_record(db: sqlite3.Connection, action: str, target: str, changes: tuple[int, int]) -> None:
    """Take successes off a record and put down its failures in a row, for an outcome that turned out to be another."""
    lost, failures_in_row = changes
    db.execute(
        "UPDATE records SET successes = max(0, successes - ?), failures_in_row = ? WHERE action = ? AND target = ?", (lost, failures_in_row, action, target)
    )


def put_trial(db: sqlite3.Connection, action: str, target: str, *, success: bool, failure: bool) -> None:
    """Add one trial to the record of (action, target); what is neither success nor failure ends a row of failures."""
    db.execute(
        "INSERT INTO records (action, target, successes, trials, failures_in_row) VALUES (?, ?, ?, 1, ?)"
        " ON CONFLICT (action, target) DO UPDATE SET successes = successes + excluded.successes, trials = trials + 1,"
        " failures_in_row = CASE WHEN excluded.failures_in_row THEN failures_in_row + 1 ELSE 0 END",
        (action, target, int(success), int(failure)),
    )


def offset_of(journal: Journal, action: str) -> Offset:
    """Return an action's learned offset; zero when nothing was learned."""
    rows = journal.rows("SELECT * FROM offsets WHERE action = ?", action)
    return msgspec.convert(dict(rows[0]), Offset) if rows else Offset(action=action, value=0.0, moved_at=0.0)


def put_offset(db: sqlite3.Connection, offset: Offset) -> None:
    """Store an action's learned offset."""
    db.execute("INSERT OR REPLACE INTO offsets (action, value, moved_at) VALUES (?, ?, ?)", (offset.action, offset.value, offset.moved_at))
