"""Trials: one row for each execution that was learned of, with what was known before it, so that its outcome can be corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.journal.ledger import Offset
from actor.model import Breaker, EpisodeKey
from homeostat.words import FAILURES, Outcome

if TYPE_CHECKING:
    import sqlite3

    from actor.journal import Journal


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What had been learned when a trial ended: the offset, the breakers it concerns, and the failures in a row at its target."""

    offset: Offset
    breakers: tuple[Breaker, ...]
    failures_in_row: int


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One execution: how it ended, when its problem was first seen gone since, and when it came back too soon (Unix seconds)."""

    id: int
    incident_id: str
    host: str
    problem: str
    target: str
    resource: str
    action: str
    outcome: Outcome
    confidence: float | None
    ended_at: float
    gone_at: float | None
    recurred_at: float | None
    before: Before

    @property
    def key(self) -> EpisodeKey:
        """The episode's key."""
        return EpisodeKey(self.host, self.problem, self.target, self.resource)

    @property
    def failed(self) -> bool:
        """Whether it counts as a failure: it ended as one, or its problem came back too soon."""
        return self.outcome in FAILURES or self.recurred_at is not None

    @property
    def succeeded(self) -> bool:
        """Whether it counts as a success: verified, and its problem stayed away."""
        return self.outcome == "succeeded" and self.recurred_at is None


def put(db: sqlite3.Connection, trial: Trial) -> None:
    """Store a new trial; its `id` is given by the journal."""
    db.execute(
        "INSERT INTO trials (incident_id, host, problem, target, resource, action, outcome, confidence, ended_at, before)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (trial.incident_id, *trial.key, trial.action, trial.outcome, trial.confidence, trial.ended_at, msgspec.json.encode(trial.before).decode()),
    )


def latest(journal: Journal, most: int = 1000) -> list[Trial]:
    """Return the latest trials, at most so many, in the order in which they were learned of."""
    return [_trial(row) for row in reversed(journal.rows("SELECT * FROM trials ORDER BY id DESC LIMIT ?", most))]


def ended_between(journal: Journal, since: float, until: float) -> list[Trial]:
    """Return the trials that ended between two Unix times, in order."""
    return [_trial(row) for row in journal.rows("SELECT * FROM trials WHERE ended_at >= ? AND ended_at < ? ORDER BY id", since, until)]


def since(journal: Journal, trial_id: int) -> list[Trial]:
    """Return that trial and those after it, in order."""
    return [_trial(row) for row in journal.rows("SELECT * FROM trials WHERE id >= ? ORDER BY id", trial_id)]


def lasting(journal: Journal, moment: float) -> list[Trial]:
    """Return the trials that ended at or after a Unix time, count as no failure, and whose problem has not come back."""
    return [trial for row in journal.rows("SELECT * FROM trials WHERE ended_at >= ? ORDER BY id", moment) if not (trial := _trial(row)).failed]


def note_gone(db: sqlite3.Connection, trial: Trial, now: float) -> None:
    """Note when a trial's problem was first seen gone."""
    db.execute("UPDATE trials SET gone_at = ? WHERE id = ? AND gone_at IS NULL", (now, trial.id))


def note_recurred(db: sqlite3.Connection, trial: Trial, now: float) -> bool:
    """Note that a trial's problem came back; False when that was noted before."""
    return db.execute("UPDATE trials SET recurred_at = ? WHERE id = ? AND recurred_at IS NULL", (now, trial.id)).rowcount == 1


def forget_breakers(db: sqlite3.Connection) -> None:
    """Forget what breakers were before each trial, on a person's word: what comes later counts from nothing."""
    db.execute("UPDATE trials SET before = json_set(before, '$.breakers', json('[]'))")


def _trial(row: sqlite3.Row) -> Trial:
    return msgspec.convert({**dict(row), "before": msgspec.json.decode(row["before"])}, Trial)
