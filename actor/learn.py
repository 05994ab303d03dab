"""Learning: track record with Jeffreys' prior, a bounded and decaying offset, breakers, and successes that did not last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from actor import breakers
from actor.journal import incidents, ledger, totals, trials
from actor.journal.ledger import Offset
from actor.journal.trials import Before, Trial
from homeostat.config import Duration
from homeostat.config.section import HOUR
from homeostat.words import FAILURES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from actor.journal import Journal
    from actor.model import Breaker, DecisionNow, EpisodeKey, Incident
    from actor.playbook import Playbook
    from homeostat.config import Config
    from homeostat.words import Outcome

OFFSET_STEPS: dict[str, float] = {"succeeded": 0.05, "warned": 0.02}
OFFSET_FAILED = -0.10
OFFSET_LEAST, OFFSET_MOST = -0.30, 0.05
OFFSET_HALF_LIFE_SECONDS = 30 * 86400
STEPS_BACK_AFTER = 2
RECURRENCE_SECONDS = HOUR
RECORD_OF_READS = (1000, 1000)


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


def record_with_import(journal: Journal, config: Config, playbook: Playbook) -> tuple[int, int]:
    """Return successes and trials of an action, with those that the owner imported under a name.

    What only reads can do no harm, so it has nothing to earn: its record is always the same.
    """
    if playbook.only_reads:
        return RECORD_OF_READS
    own = ledger.record_of(journal, playbook.name)
    override = config.autonomy.actions.get(playbook.name)
    imported = override.imported_record if override is not None else None
    if imported is None:
        return own.successes, own.trials
    return own.successes + imported.successes, own.trials + imported.trials


def learn(db: sqlite3.Connection, journal: Journal, config: Config, incident: Incident, verdict: tuple[Outcome, float]) -> None:
    """Take in how an execution ended: trial, record, offset and breakers, in the caller's transaction."""
    outcome, now = verdict
    failed = outcome in FAILURES
    offset, before = ledger.offset_of(journal, incident.action), breakers.concerned(ledger.breakers(journal), incident.action, incident.target)
    in_row = ledger.record_at(journal, incident.action, incident.target).failures_in_row
    known = Before(offset=offset, breakers=before, failures_in_row=in_row)
    trials.put(db, _trial(incident, outcome, now, known))
    ledger.put_trial(db, incident.action, incident.target, success=outcome == "succeeded", failure=failed)
    ledger.put_offset(db, moved(offset, outcome, now))
    for breaker in before:
        # Only its probe closes what is open: what was begun before it opened proves nothing.
        if failed or breaker.open_until is None or breaker.probe == incident.id:
            ledger.put_breaker(db, breakers.after(breaker, config, failed=failed, now=now))


def _trial(incident: Incident, outcome: Outcome, now: float, before: Before) -> Trial:
    return Trial(
        id=0,
        incident_id=incident.id,
        **incident.key._asdict(),
        action=incident.action,
        outcome=outcome,
        confidence=incident.confidence,
        ended_at=now,
        gone_at=None,
        recurred_at=None,
        before=before,
    )


def take_probes(db: sqlite3.Connection, journal: Journal, incident: Incident, now: float) -> bool:
    """Make an incident that begins the probe of every half-open breaker it concerns; False when one does not let it through."""
    concerned = breakers.concerned(ledger.breakers(journal), incident.action, incident.target)
    half_open = [breaker for breaker in concerned if breaker.standing(now) == "half-open"]
    if any(breaker.standing(now) == "open" for breaker in concerned) or any(breaker.probe not in {None, incident.id} for breaker in half_open):
        return False
    for breaker in half_open:
        ledger.put_breaker(db, msgspec.structs.replace(breaker, probe=incident.id))
    return True


def trip(db: sqlite3.Connection, journal: Journal, config: Config, incident: Incident, now: float) -> None:
    """Open the breaker of an incident's action at its target now, however few failures it counted."""
    _, own = breakers.concerned(ledger.breakers(journal), incident.action, incident.target)
    ledger.put_breaker(db, breakers.tripped(own, config, now))


def reset_breakers(db: sqlite3.Connection) -> None:
    """Close every breaker and forget its failures, on a person's word."""
    ledger.reset_breakers(db)
    trials.forget_breakers(db)


class Seen(NamedTuple):
    """What Prometheus decides at a Unix time; of the `unforecast`, or where it does not `see` at all, no decision says nothing."""

    active: set[EpisodeKey]
    unforecast: set[EpisodeKey]
    sees: bool
    at: float


def follow_trials(db: sqlite3.Connection, journal: Journal, config: Config, seen: Seen) -> list[Trial]:
    """Compare what Prometheus decides now with what was booked as healed; correct and return what came back within an hour.

    A problem that never went away is no recurrence: verification has judged that.
    """
    recurred = []
    for trial in trials.lasting(journal, seen.at - RECURRENCE_SECONDS):
        if trial.key not in seen.active:
            if seen.sees and trial.key not in seen.unforecast:
                trials.note_gone(db, trial, seen.at)
        elif trial.gone_at is not None and trials.note_recurred(db, trial, seen.at):
            _correct(db, journal, config, trial, seen.at)
            recurred.append(trial)
    return recurred


def note_return(journal: Journal, config: Config, incident: Incident, said: tuple[DecisionNow | None, float]) -> None:
    """Before its gates are asked, let an incident that Prometheus decides now count against a success that did not last."""
    decided, now = said
    if decided is None or decided.decision is None:
        return
    before = [trial for trial in trials.lasting(journal, now - RECURRENCE_SECONDS) if trial.key == incident.key and trial.incident_id != incident.id]
    for trial in before:
        with journal.transaction() as db:
            if trials.note_recurred(db, trial, now):
                _correct(db, journal, config, trial, now)


def _correct(db: sqlite3.Connection, journal: Journal, config: Config, trial: Trial, now: float) -> None:
    """Replay what was learned since a trial as it would have been had it failed; breakers count it as failing now."""
    later = trials.since(journal, trial.id)
    here = [other for other in later if (other.action, other.target) == (trial.action, trial.target)]
    in_row, offset = trial.before.failures_in_row, trial.before.offset
    for other in here:
        in_row = in_row + 1 if other.failed else 0
    for other in later:
        if other.action == trial.action:
            offset = moved(offset, "failed" if other.failed else other.outcome, other.ended_at)
    ledger.correct_record(db, trial.action, trial.target, (int(trial.outcome == "succeeded"), in_row))
    ledger.put_offset(db, offset)
    current = breakers.concerned(ledger.breakers(journal), trial.action, trial.target)
    before = breakers.concerned(trial.before.breakers, trial.action, trial.target)
    for now_is, was, ran in zip(current, before, (later, here), strict=True):
        ledger.put_breaker(db, breakers.stricter(now_is, _replayed(was, ran, config)))
    totals.add(db, "homeostat_action_recurrences_total", {"host": trial.host, "action": trial.action, "target": trial.target, "outcome": trial.outcome})
    after = Duration(round(max(0.0, now - trial.ended_at)))
    incidents.add_reason(db, trial.incident_id, f"but {trial.problem} was back {after} after it ended: counted as a failure")


def _replayed(breaker: Breaker, ran: Iterable[Trial], config: Config) -> Breaker:
    moment = 0.0
    for trial in ran:
        moment = max(moment, trial.recurred_at or trial.ended_at)
        breaker = breakers.after(breaker, config, failed=trial.failed, now=moment)
    return breaker
