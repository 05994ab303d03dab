"""Learning: track record with Jeffreys' prior, a bounded and decaying offset, breakers, and which action answers a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.journal import ledger
from actor.journal.ledger import Offset
from actor.model import Breaker
from homeostat.words import FAILURES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from actor.journal import Journal
    from actor.model import Incident
    from actor.playbook import Playbook
    from homeostat.config import Config
    from homeostat.words import Outcome

OFFSET_STEPS: dict[str, float] = {"succeeded": 0.05, "warned": 0.02}
OFFSET_FAILED = -0.10
OFFSET_LEAST, OFFSET_MOST = -0.30, 0.05
OFFSET_HALF_LIFE_SECONDS = 30 * 86400
STEPS_BACK_AFTER = 2
GLOBAL = "global"


def success_ratio(successes: int, trials: int) -> float:
    """Return the mean of the Beta posterior under Jeffreys' prior, (s + 1/2) / (n + 1): 0.5 for a new action."""
    return (successes + 0.5) / (trials + 1)


def decayed(offset: Offset, now: float) -> float:
    """Return a learned offset as it is at `now`: it halves in 30 days, and a clock set back does not revive it."""
    age_seconds = max(0.0, now - offset.moved_at)
    return float(offset.value * 0.5 ** (age_seconds / OFFSET_HALF_LIFE_SECONDS))


def moved(offset: Offset, outcome: Outcome, now: float) -> Offset:
    """Move an offset by what an outcome teaches, within [-0.30, +0.05]."""
    value = decayed(offset, now) + OFFSET_STEPS.get(outcome, OFFSET_FAILED)
    return Offset(action=offset.action, value=min(OFFSET_MOST, max(OFFSET_LEAST, value)), moved_at=now)


def record_with_import(journal: Journal, config: Config, action: str) -> tuple[int, int]:
    """Return successes and trials of an action, with those that the owner imported under a name."""
    own = ledger.record_of(journal, action)
    override = config.autonomy.actions.get(action)
    imported = override.imported_record if override is not None else None
    if imported is None:
        return own.successes, own.trials
    return own.successes + imported.successes, own.trials + imported.trials


def learn(db: sqlite3.Connection, journal: Journal, config: Config, incident: Incident, verdict: tuple[Outcome, float]) -> None:
    """Take in how an execution ended: record, offset and breakers, in the caller's transaction."""
    outcome, now = verdict
    ledger.put_trial(db, incident.action, incident.target, success=outcome == "succeeded", failure=outcome in FAILURES)
    ledger.put_offset(db, moved(ledger.offset_of(journal, incident.action), outcome, now))
    failed = outcome in FAILURES
    for breaker in _concerned(ledger.breakers(journal), incident):
        ledger.put_breaker(db, after(breaker, config, failed=failed, now=now))


def _concerned(breakers: Iterable[Breaker], incident: Incident) -> list[Breaker]:
    known = {breaker.scope: breaker for breaker in breakers}
    fresh = (Breaker(scope=scope, failures=0, open_until=None, openings=0) for scope in (GLOBAL, f"{incident.action}/{incident.target}"))
    return [known.get(breaker.scope, breaker) for breaker in fresh]


def after(breaker: Breaker, config: Config, *, failed: bool, now: float) -> Breaker:
    """Return a breaker after one more outcome; after its time it lets one probe through, whose failure opens it again."""
    if not failed:
        return Breaker(scope=breaker.scope, failures=0, open_until=None, openings=0)
    limits, failures = config.limits.breaker, breaker.failures + 1
    most = limits.failures if breaker.scope == GLOBAL else limits.pair_failures
    if failures < most:
        return msgspec.structs.replace(breaker, failures=failures)
    doubled = float(limits.pair_open) * 2.0 ** min(breaker.openings, 60)
    stays_open = float(limits.reset_after) if breaker.scope == GLOBAL else min(doubled, float(limits.pair_open_most))
    return Breaker(scope=breaker.scope, failures=failures, open_until=now + stays_open, openings=breaker.openings + 1)


def answers(journal: Journal, playbooks: dict[str, Playbook]) -> dict[str, Playbook]:
    """Return the playbook that answers each problem: the best record first, then the given order; two failures in a row step back."""
    chosen: dict[str, Playbook] = {}
    for playbook in sorted(playbooks.values(), key=lambda playbook: _rank(journal, playbook)):
        for problem in playbook.file.answers:
            chosen.setdefault(problem, playbook)
    return chosen


def _rank(journal: Journal, playbook: Playbook) -> tuple[bool, float]:
    record = ledger.record_of(journal, playbook.name)
    return record.failures_in_row >= STEPS_BACK_AFTER, -success_ratio(record.successes, record.trials)
