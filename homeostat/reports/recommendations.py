"""What a person might do next: each rule looks at a report and says so with its evidence and a command, or says nothing."""

from __future__ import annotations

import collections
import shlex
from typing import TYPE_CHECKING

from homeostat.config.section import DAY
from homeostat.explanation.parts import listed, span
from homeostat.reports.model import Recommendation
from homeostat.reports.success import MANUAL, SUCCEEDED, UNNECESSARY
from homeostat.reports.words import lasted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from homeostat.reports.model import Report, Told

_STALE_PROOF_SECONDS = 2 * DAY
_REPEATED = 5
_ENOUGH_TRIALS = 10
_ENOUGH_SCORED = 100
_ENOUGH_APPROVED = 3
_LEAST_SUCCESS, _POOR_SUCCESS = 0.95, 0.80
_MOST_MANUAL, _MOST_UNNECESSARY = 0.10, 0.05
_LEAST_COVERAGE, _MOST_OFF = 0.75, 0.15
_NEAR_SECONDS = DAY
_NEXT_LEVEL = {"conservative": "moderate", "moderate": "aggressive"}
_RELOAD = "homeostat check-config"


def recommend(report: Report) -> Iterator[Recommendation]:
    """Yield what is recommended, the most urgent first."""
    for rule in RULES:
        yield from rule(report)


def _stranded(report: Report) -> Iterator[Recommendation]:
    for one in report.record.failed if report.record is not None else ():
        if one.outcome == "stranded":
            yield _say(f"Look at {one.target} yourself: {one.action} stranded there.", one.words, f"homeostat why {one.id}")


def _running_out(report: Report) -> Iterator[Recommendation]:
    """Yield what is about to reach its limit and has nobody who would do anything."""
    for one in report.now.runs_out if report.now is not None else ():
        if one.median < _NEAR_SECONDS and (one.action == "none" or one.decision == "alert-only"):
            why = "no action answers it" if one.action == "none" else f"{one.action} is not sure enough to be more than told of"
            yield _say(f"See to {one.target} today: {one.problem}.", f"It reaches its limit in {span(one.median)}, and {why}.", "homeostat forecast --most 5")


def _waiting(report: Report) -> Iterator[Recommendation]:
    waiting = report.record.waiting if report.record is not None else ()
    if waiting:
        soonest = min(waiting, key=lambda one: one.expires_at)
        first = f"{soonest.action} at {soonest.target} expires first, in {span(max(0.0, soonest.expires_at - report.made_at))}."
        yield _say(f"Answer what waits for you: {_count(len(waiting), 'proposal')}.", first, f"homeostat approve {soonest.id}")


def _held(report: Report) -> Iterator[Recommendation]:
    for hold in report.record.holds if report.record is not None else ():
        if hold.by != "silence":
            yield _say(f"See whether the {hold.by} may end: it holds back {hold.scope}.", f"By {hold.author}: {hold.reason}", "homeostat resume")


def _blind(report: Report) -> Iterator[Recommendation]:
    if report.now is not None and report.now.blind:
        yield _say("Give back its sight to what sees nothing.", f"Blind: {listed(report.now.blind)}.", "homeostat observations")


def _unwell(report: Report) -> Iterator[Recommendation]:
    if report.now is not None and report.now.failed_checks:
        yield _say("Mend the chain: the doctor finds a broken link.", f"Failed: {listed(report.now.failed_checks)}.", "homeostat doctor")


def _unproven_chain(report: Report) -> Iterator[Recommendation]:
    if report.record is None:
        return
    age = report.made_at - report.record.proved_at
    if age > _STALE_PROOF_SECONDS:
        evidence = f"The last one went through {span(age)} ago." if report.record.proved_at else "None has gone through yet."
        yield _say("Let a selftest show that the whole chain works.", evidence, "homeostat selftest")


def _refusals(report: Report) -> Iterator[Recommendation]:
    for one in report.record.refusals if report.record is not None else ():
        if one.incidents >= _REPEATED and one.answer == "refuse":
            evidence = f"The gate {one.gate} refused {one.action} in {one.incidents} incidents."
            yield _say(f"Look at why {one.gate} says no again and again.", evidence, f"homeostat decisions --action {shlex.quote(one.action)} --outcome refused")


def _failing(report: Report) -> Iterator[Recommendation]:
    """Yield what failed more than once at one target."""
    again: dict[tuple[str, str], list[Told]] = collections.defaultdict(list)
    for one in report.record.failed if report.record is not None else ():
        again[one.action, one.target].append(one)
    for (action, target), failures in again.items():
        if len(failures) > 1:
            newest = failures[0]
            yield _say(f"Look into {target}: {action} failed there {len(failures)} times.", f"Most lately: {newest.words}.", f"homeostat why {newest.id}")


def _unhandled(report: Report) -> Iterator[Recommendation]:
    told = collections.Counter(one.problem for one in report.record.unanswered) if report.record is not None else collections.Counter[str]()
    for problem, count in told.most_common():
        if count >= _REPEATED:
            yield _say(f"Give {problem} a playbook: nothing answers it.", f"It was only told of {count} times.", "homeostat playbooks list")


def _poor(report: Report) -> Iterator[Recommendation]:
    month = report.record.month if report.record is not None else None
    if month is not None and month.trials >= _ENOUGH_TRIALS and month.successes / month.trials < _POOR_SUCCESS:
        evidence = f"{month.successes} of {month.trials} actions succeeded in 30 days."
        yield _say("Let it ask first (autonomy.mode: interactive), until what fails is understood.", evidence, "homeostat insights")


def _ready_for_more(report: Report) -> Iterator[Recommendation]:
    """Yield a level more, where nearly everything succeeds and a person agrees with what is proposed."""
    record = report.record
    if record is None or record.mode != "active" or record.level not in _NEXT_LEVEL or record.month.trials < _ENOUGH_TRIALS:
        return
    manual, wrong = (_measure(report, name) for name in (UNNECESSARY, SUCCEEDED))
    good = record.month.successes / record.month.trials >= _LEAST_SUCCESS and (manual or 0.0) <= _MOST_UNNECESSARY and (wrong is None or wrong >= _LEAST_SUCCESS)
    if good and record.approved >= _ENOUGH_APPROVED and not record.denied:
        evidence = f"{record.month.successes} of {record.month.trials} actions succeeded in 30 days, and you approved {record.approved} proposals and denied none."
        yield _say(f"Consider the level {_NEXT_LEVEL[record.level]} (autonomy.level).", evidence, _RELOAD)


def _leave_shadow(report: Report) -> Iterator[Recommendation]:
    record = report.record
    if record is not None and record.mode == "shadow" and record.shadowed and report.asked.until - report.asked.since >= 7 * DAY:
        times = _count(max(record.ended("shadowed"), len(record.shadowed)), "time")
        evidence = f"In {lasted(report.asked.period)} it would have acted {times}; read below what it would have done."
        yield _say("Where that is what you want, let it propose (autonomy.mode: interactive) or act (active).", evidence, _RELOAD)


def _manual(report: Report) -> Iterator[Recommendation]:
    share = _measure(report, MANUAL)
    if share is not None and share > _MOST_MANUAL:
        yield _say("See what could be done without you.", f"{share:.0%} of the decisions of 30 days were only told of; less than {_MOST_MANUAL:.0%} are meant.", "homeostat decisions --last 30d --decision alert-only")


def _unnecessary(report: Report) -> Iterator[Recommendation]:
    share = _measure(report, UNNECESSARY)
    if share is not None and share > _MOST_UNNECESSARY:
        evidence = f"{share:.0%} of the actions of 30 days were marked as unnecessary; less than {_MOST_UNNECESSARY:.0%} are meant."
        yield _say("Ask more confidence of what was unnecessary (autonomy.actions: min_confidence).", evidence, "homeostat decisions --last 30d")


def _mispredicted(report: Report) -> Iterator[Recommendation]:
    for horizon, one in (report.accuracy or {}).items():
        if one.scored < _ENOUGH_SCORED:
            continue
        off = None if one.expected is None or one.crossed is None else one.expected - one.crossed
        if one.coverage is not None and one.coverage < _LEAST_COVERAGE:
            yield _say(f"Trust the intervals of {horizon} less.", f"{one.coverage:.0%} of {one.scored} held what happened; 90 % are meant.", "homeostat validate-predictions")
        elif off is not None and abs(off) > _MOST_OFF:
            often = f"{one.expected:.0%} were expected to reach their limit within {horizon}, and {one.crossed:.0%} did."
            yield _say(f"Trust the probabilities of {horizon} less: they are too {'high' if off > 0 else 'low'}.", often, "homeostat validate-predictions")


def _unforeseen(report: Report) -> Iterator[Recommendation]:
    missed = [one for one in report.predictions if one.became == "unforeseen"]
    if missed:
        evidence = f"Reached without having been foreseen: {listed(dict.fromkeys(one.target for one in missed[:_REPEATED]))}."
        yield _say(f"Look at what reached its limit unforeseen: {_count(len(missed), 'time')}.", evidence, "homeostat forecast")


def _backups(report: Report) -> Iterator[Recommendation]:
    if report.unproven:
        evidence = f"No check, restore or mark has shown that it can be read: {listed(report.unproven)}."
        yield _say("Have backups verified: one that nobody has read is a hope.", evidence, "homeostat observations")


RULES: tuple[Callable[[Report], Iterator[Recommendation]], ...] = (
    _stranded, _running_out, _waiting, _held, _blind, _unwell, _unproven_chain, _backups, _failing, _refusals, _unhandled, _poor, _unnecessary, _manual, _unforeseen,
    _mispredicted, _leave_shadow, _ready_for_more,
)  # fmt: skip


def _say(advice: str, evidence: str, command: str) -> Recommendation:
    return Recommendation(advice=advice, evidence=evidence, command=command)


def _measure(report: Report, rule: str) -> float | None:
    return report.now.measures.get(rule) if report.now is not None else None


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
