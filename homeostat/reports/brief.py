"""A report in a few plain lines that read well in a chat and in mail."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from homeostat.config import Duration
from homeostat.printable import printable
from homeostat.reports.words import length
from homeostat.time_intervals import local_time
from homeostat.words import EXECUTED, FAILURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homeostat.reports.model import Record, Report

_MOST = 5
_MOST_RECOMMENDED = 3
_MOST_LETTERS = 160


def brief(report: Report, whole: str) -> tuple[str, str]:
    """Return one line and the lines below it: what happened, how it stands, what to do, and that `whole` is where all of it stands."""
    record, asked = report.record, report.asked
    head = f"Homeostat on {asked.host}, the last {Duration(asked.until - asked.since)}"
    if record is None:
        return f"{head}: not known", _written([*_lines(report.unknown), f"All of it: {whole}"])
    summary = f"{head}: {record.ended(*EXECUTED)} done, {record.ended(*FAILURES)} failed, {len(record.waiting)} waiting for you"
    parts = (_did(record), _failures(report, record), _waiting(report, record), _held_back(report, record), [_runs_out(report)], [_proof(report, record)], _to_do(report))
    return summary, _written([*(line for part in parts for line in part), f"All of it: {whole}"])


def _written(lines: Iterable[str]) -> str:
    """Join lines of which each stays one, whatever a name in it holds."""
    return "\n".join(map(printable, lines))


def _did(record: Record) -> Iterator[str]:
    """Yield what was done, what would have been in shadow mode, and what was not done."""
    if record.mode == "shadow":
        yield "Mode shadow: nothing is done, and what would be done is recorded."
    done = [f"{one.action} at {one.target}: {one.outcome.replace('_', ' ')}{_times(one.count)}" for one in record.counts if one.outcome in EXECUTED]
    yield f"Done: {'; '.join(_some(done))}." if done else "Nothing was done."
    if record.shadowed:
        yield "It would have done:"
        yield from _some((f"- {one.action} at {one.target}: {_short(one.words)}" for one in record.shadowed), record.ended("shadowed"))
    not_done: collections.Counter[str] = collections.Counter()
    for one in record.counts:
        if one.outcome not in EXECUTED and one.outcome != "shadowed":
            not_done[one.outcome] += one.count
    if not_done:
        yield f"Not done: {', '.join(f'{count} {outcome}' for outcome, count in not_done.most_common())}."


def _failures(report: Report, record: Record) -> Iterator[str]:
    if record.failed:
        yield "Failed:"
        told = (f"- {one.action} at {one.target}, {_when(report, one.at)}: {one.outcome.replace('_', ' ')}, {_short(one.words)} {_page(report, one.id)}" for one in record.failed)
        yield from _some(told, record.ended(*FAILURES))


def _waiting(report: Report, record: Record) -> Iterator[str]:
    if record.waiting:
        yield "Waiting for you:"
        soonest = sorted(record.waiting, key=lambda one: one.expires_at)
        yield from _some(f"- {one.action} at {one.target} because of {one.problem}, until {_when(report, one.expires_at)}: {_page(report, one.id)}" for one in soonest)


def _held_back(report: Report, record: Record) -> Iterator[str]:
    if record.holds:
        yield "Held back:"
        until = [f"until {_when(report, hold.until)}" if hold.until is not None else "until somebody ends it" for hold in record.holds]
        yield from _some(f"- {hold.scope}, by {hold.by} of {hold.author}, {ends}: {_short(hold.reason)}" for hold, ends in zip(record.holds, until, strict=True))
    if not record.silences_known:
        yield "Whether anything is silenced is not known: Alertmanager did not say."
    elif not record.holds:
        yield "Nothing is stopped, paused or silenced."


def _runs_out(report: Report) -> str:
    now = report.now
    if now is None:
        return "What runs out next is not known: Prometheus does not answer."
    if not now.runs_out:
        return "Nothing is expected to run out." if now.forecasts else "What runs out next is not known: Prometheus has no forecast of this host."
    return f"Runs out next: {', '.join(f'{one.target} ({one.problem}) in {length(one.median)}' for one in now.runs_out)}."


def _proof(report: Report, record: Record) -> str:
    return f"The self-test last went through {_when(report, record.proved_at)}." if record.proved_at else "No self-test has gone through yet."


def _to_do(report: Report) -> Iterator[str]:
    if report.recommendations:
        yield "To do:"
        yield from (f"- {one.advice} {_short(one.evidence)} {one.command}" for one in report.recommendations[:_MOST_RECOMMENDED])


def _lines(unknown: Iterable[str]) -> Iterator[str]:
    yield from (f"Not known: {_short(line)}" for line in unknown)


def _page(report: Report, incident_id: str) -> str:
    return f"{report.asked.console}/incidents/{incident_id}"


def _some(told: Iterable[str], there_are: int = 0) -> list[str]:
    """Return the first of what is told, and how many more there are of it, or of `there_are` where it is only a part."""
    every = list(told)
    left = max(len(every), there_are) - len(every[:_MOST])
    return [*every[:_MOST], f"and {left} more"] if left else every


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _MOST_LETTERS else f"{words[: _MOST_LETTERS - 3]}..."


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _when(report: Report, timestamp: float) -> str:
    return local_time(timestamp, report.asked.location).strftime("%a %d %b %H:%M")
