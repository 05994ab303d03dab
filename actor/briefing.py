"""What the journal tells of a period, for the reports: counts, what failed, what waits, what is held back, what is to be earned."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from actor.earning import earnings
from actor.holding import holds
from actor.insights import insights
from actor.journal import incidents, selftests, trials, verdicts, words
from homeostat.config import in_force
from homeostat.config.section import DAY
from homeostat.reports.deeds import tone_of
from homeostat.reports.model import Acted, Count, Record, Refusal, Slot, Told, Tried, Waiting
from homeostat.words import FAILURES, SELFTEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actor.model import Incident
    from actor.world import World
    from homeostat.reports.model import Tone
    from homeostat.words import Outcome

_MOST_INCIDENTS = 10_000
_MOST_COUNTS = 2000
_MOST_WAITING = 200
_MOST_TOLD = 50
_MOST_ACTED = 1000
_MONTH_SECONDS = 30 * DAY
_SLOT_SECONDS = (3 * 3600.0, DAY)

Span = tuple[float, float]


def record_of(world: World, span: Span) -> Record:
    """Return what happened on this host between two Unix times and in as long before it, and how it stands now. Raises JournalError."""
    since, until = span
    touched = [one for one in incidents.recent(world.journal, since - (until - since), most=_MOST_INCIDENTS) if not one.is_selftest]
    ended = _ended(touched, span)
    said = words.counted_between(world.journal, since, until)
    return Record(
        mode=world.config.autonomy.mode,
        level=in_force(world.config.autonomy, world.clock.now()).level,
        counts=_counts(ended),
        earlier=_counts(_ended(touched, (since - (until - since), since))),
        slots=_slots(ended, span),
        tried=_tried(world, span),
        before=_tried(world, (since - (until - since), since)),
        month=_tried(world, (until - _MONTH_SECONDS, until)),
        failed=_told(one for one in ended if one.outcome in FAILURES),
        shadowed=_told(one for one in ended if one.outcome == "shadowed"),
        unanswered=_told(one for one in ended if one.outcome == "alerted" and one.action == "none"),
        acted=tuple([Acted(problem=one.problem, target=one.target, at=one.acted_at) for one in touched if one.acted_at is not None][:_MOST_ACTED]),
        waiting=tuple(_waiting(one, expires_at) for one, expires_at in incidents.waiting_proposals(world.journal)[:_MOST_WAITING]),
        holds=tuple(holds(world)),
        silences_known=world.silences is not None,
        refusals=tuple(Refusal(gate=gate, answer=answer, action=action, incidents=n) for gate, answer, action, n in verdicts.refused_between(world.journal, since, until)),
        lessons=tuple(insights(world.journal)),
        earning=tuple(earnings(world, (one for one in touched if max(one.opened_at, one.closed_at or 0.0) >= since))),
        approved=said.get("approved", 0),
        denied=said.get("denied", 0),
        proved_at=selftests.last_proof(world.journal),
    )


def _ended(touched: Iterable[Incident], span: Span) -> list[Incident]:
    return [one for one in touched if one.outcome is not None and one.closed_at is not None and span[0] <= one.closed_at < span[1]]


def _counts(ended: Iterable[Incident]) -> tuple[Count, ...]:
    counted = collections.Counter((one.action, one.target, one.outcome) for one in ended if one.outcome is not None)
    return tuple(Count(action=action, target=target, outcome=outcome, count=count) for (action, target, outcome), count in counted.most_common(_MOST_COUNTS))


def _slots(ended: Iterable[Incident], span: Span) -> tuple[Slot, ...]:
    """Return how what ended in each part of the period ended: parts of a day are three hours, of more than two days a day."""
    since, until = span
    length = _SLOT_SECONDS[until - since > 2 * DAY]
    last = max(0, round((until - since) / length) - 1)
    counts: dict[int, collections.Counter[Tone]] = collections.defaultdict(collections.Counter)
    for one in ended:
        assert one.outcome is not None
        assert one.closed_at is not None
        counts[min(last, int((one.closed_at - since) // length))][tone_of(one.outcome)] += 1
    return tuple(Slot(begins_at=since + number * length, counts=dict(counts[number])) for number in range(last + 1))


def _tried(world: World, span: Span) -> Tried:
    """Return how many executions that ended then were verified and lasted."""
    ended = [trial for trial in trials.ended_between(world.journal, *span) if trial.problem != SELFTEST]
    return Tried(successes=sum(trial.succeeded for trial in ended), trials=len(ended))


def _told(chosen: Iterable[Incident]) -> tuple[Told, ...]:
    """Return the newest of some incidents in a line each; of what mode shadow wrote down its plan."""
    newest: Sequence[Incident] = sorted(chosen, key=lambda one: -(one.closed_at or 0.0))[:_MOST_TOLD]
    return tuple(
        Told(id=one.id, problem=one.problem, target=one.target, action=one.action, outcome=_outcome(one), at=one.closed_at or 0.0, words=one.reason.partition("; it would: ")[2] or one.reason)
        for one in newest
    )


def _outcome(ended: Incident) -> Outcome:
    assert ended.outcome is not None
    return ended.outcome


def _waiting(one: Incident, expires_at: float) -> Waiting:
    return Waiting(id=one.id, problem=one.problem, target=one.target, action=one.action, risk=one.risk, confidence=one.confidence, expires_at=expires_at)
