"""The sections on what was done, would have been, was not, waits and is held back: what the actor's journal tells."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from homeostat.config.section import DAY
from homeostat.pictures import bars
from homeostat.reports.document import Code, Link, Picture, Toned, said, some, table
from homeostat.reports.words import lasted, moment, share, spaced
from homeostat.time_intervals import local_time
from homeostat.words import EXECUTED, FAILURES, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from homeostat.reports.document import Block, Piece, Pieces
    from homeostat.reports.model import Asked, Count, Record, Report, Tone, Tried

_MOST = 20
_MOST_LETTERS = 300
TONES: dict[Tone, str] = {"good": "succeeded", "waits": "warned", "bad": "failed", "plain": "nothing done"}
_ANSWERS = {"refuse": "refused", "defer": "put off", "confirm": "left to a person"}


def tone_of(outcome: Outcome) -> Tone:
    """Return what an outcome means at a glance."""
    if outcome in FAILURES:
        return "bad"
    return "good" if outcome == "succeeded" else "waits" if outcome == "warned" else "plain"


def in_short(report: Report) -> str:
    """Say in a sentence what came of the period."""
    record = report.record
    if record is None:
        return "What was done is not known: the actor does not answer."
    done, failed = record.ended(*EXECUTED), record.ended(*FAILURES)
    return f"{done or 'Nothing'} done{f', {failed} failed' if failed else ''}, {len(record.waiting) or 'nothing'} waiting for you."


def waiting(report: Report) -> Iterator[Block]:
    """Tell what a person is asked, the first to expire first."""
    if report.record is None or not report.record.waiting:
        return
    rows: list[tuple[Piece | Pieces, ...]] = [
        (
            _incident(report.asked, one.id, f"{one.action} at {one.target}"),
            one.problem,
            one.risk,
            "not known" if one.confidence is None else f"{one.confidence:.2f}",
            moment(one.expires_at, report.asked.location),
            Code(f"homeostat approve {one.id}"),
        )
        for one in sorted(report.record.waiting, key=lambda one: one.expires_at)[:_MOST]
    ]
    yield table(("proposal", "because of", "risk", "confidence", "until", "say yes"), rows)
    if len(report.record.waiting) > _MOST:
        yield said(f"and {len(report.record.waiting) - _MOST} more: ", Code("homeostat proposals"))


def done(report: Report) -> Iterator[Block]:
    """Tell each action by outcome, and how many succeeded, against the period before."""
    record = report.record
    if record is None:
        return
    if record.mode == "shadow":
        yield said("Mode shadow: nothing is done, and what would be done is recorded.")
    counted, earlier = _by_outcome(record.counts), _by_outcome(record.earlier)
    if counted:
        rows: list[tuple[Piece | Pieces, ...]] = [
            (action, Toned(spaced(outcome), tone_of(outcome)), str(count), str(earlier.get((action, outcome), 0))) for (action, outcome), count in counted.items()
        ]
        yield table(("action", "outcome", f"in {lasted(report.asked.period)}", f"in the {lasted(report.asked.period)} before"), rows)
    else:
        yield said("Nothing was done.")
    if record.month.trials:
        lately = lasted(report.asked.period)
        rates = (f"in {lately}", record.tried), (f"in the {lately} before", record.before), ("in 30 days", record.month)
        yield table(("actions that succeeded and lasted", "of", "share"), [(when, *_tried(tried)) for when, tried in rates])


def endings(report: Report) -> Iterator[Block]:
    """Tell how every incident ended, those too in which nothing was done, by the part of the period in which it did."""
    record, asked = report.record, report.asked
    if record is None or not any(slot.counts for slot in record.slots):
        return
    if _in_days(asked):
        begins = f"{local_time(record.slots[0].begins_at, asked.location):%H:%M}"
        yield said(f"A day lasts here from {begins} of its date to {begins} of the next.")
    yield _columns(asked, record)


def _tried(tried: Tried) -> tuple[str, str]:
    return f"{tried.successes} of {tried.trials}", share(tried.successes / tried.trials) if tried.trials else "nothing was tried"


def _by_outcome(counts: Iterable[Count]) -> dict[tuple[str, Outcome], int]:
    """Count executions by action and outcome, the most first."""
    counted: collections.Counter[tuple[str, Outcome]] = collections.Counter()
    for one in counts:
        if one.outcome in EXECUTED:
            counted[one.action, one.outcome] += one.count
    return dict(counted.most_common())


def _in_days(asked: Asked) -> bool:
    """Say whether a column is a day; in a shorter period it is a few hours."""
    return asked.until - asked.since > 2 * DAY


def _columns(asked: Asked, record: Record) -> Picture:
    # A weekday tells more than a month, as long as each comes but twice.
    form = "%H:%M" if not _in_days(asked) else "%a %-d" if asked.until - asked.since <= 14 * DAY else "%b %-d"
    named = [(f"{local_time(slot.begins_at, asked.location):{form}}", slot.counts) for slot in record.slots]
    columns = [bars.Column(name, {str(tone): float(count) for tone, count in counts.items()}) for name, counts in named]
    svg = bars.draw(("Incidents by how they ended", "One column for each part of the period."), columns, {str(tone): word for tone, word in TONES.items()})
    lines = tuple((name, ", ".join(f"{counts[tone]} {word}" for tone, word in TONES.items() if counts.get(tone))) for name, counts in named if any(counts.values()))
    return Picture(svg, lines)


def shadow(report: Report) -> Iterator[Block]:
    """Tell what mode shadow only wrote down."""
    record, asked = report.record, report.asked
    if record is None or not (record.shadowed or record.mode == "shadow"):
        return
    if not record.shadowed:
        yield said("Nothing: no problem came as far as a plan.")
        return
    told: list[Pieces] = [(_incident(asked, one.id, f"{one.action} at {one.target}"), f", {moment(one.at, asked.location)}: {_short(one.words)}") for one in record.shadowed]
    yield some(told, _MOST, record.ended("shadowed"))


def failed(report: Report) -> Iterator[Block]:
    """Tell what failed, with its reason."""
    if report.record is None or not report.record.failed:
        return
    yield some(
        [
            (_incident(report.asked, one.id, f"{one.action} at {one.target}"), f", {moment(one.at, report.asked.location)}: ", Toned(spaced(one.outcome), "bad"), f", {_short(one.words)}")
            for one in report.record.failed
        ],
        _MOST,
        report.record.ended(*FAILURES),
    )


def not_done(report: Report) -> Iterator[Block]:
    """Tell what was refused and by which gate, and what ended otherwise without a deed."""
    record = report.record
    if record is None:
        return
    ended: collections.Counter[str] = collections.Counter()
    for one in record.counts:
        if one.outcome not in EXECUTED and one.outcome != "shadowed":
            ended[one.outcome] += one.count
    if ended:
        yield said(f"{', '.join(f'{count} {spaced(outcome)}' for outcome, count in ended.most_common())}.")
    if record.refusals:
        yield table(("gate", "said", "to", "incidents"), [(one.gate, _ANSWERS.get(one.answer, one.answer), one.action, str(one.incidents)) for one in record.refusals[:_MOST]])


def held(report: Report) -> Iterator[Block]:
    """Tell the stop, breakers and silences."""
    record = report.record
    if record is None:
        return
    if record.holds:
        location = report.asked.location
        yield some(
            [(f"{hold.scope}, by {hold.by} of {hold.author}, {f'until {moment(hold.until, location)}' if hold.until is not None else 'until somebody ends it'}: {_short(hold.reason)}",) for hold in record.holds],
            _MOST,
        )
    if not record.silences_known:
        yield said("Whether anything is silenced is not known: Alertmanager did not say.")
    elif not record.holds:
        yield said("Nothing is stopped, paused or silenced.")


def earning(report: Report) -> Iterator[Block]:
    """Tell what the confidence in an action would be after so many more verified successes, and what it needs to be done without asking."""
    earning = [one for one in report.record.earning if one.to_auto != 0] if report.record is not None else []
    if not earning:
        return
    steps = [number for number, _ in earning[0].after]
    yield table(
        ("action", "risk", "record", *(f"after {number} more" if number else "now" for number in steps), "to notify and act", "to act at once"),
        [
            (one.action, one.risk, f"{one.successes} of {one.trials}", *(f"{confidence:.2f}" for _, confidence in one.after), _needs(one.to_notify), _needs(one.to_auto))
            for one in earning
        ],
    )
    yield said("More verified successes and the confidence that they would bring, all else as it was on average in this time. An approved proposal that succeeds counts as one.")


def _needs(successes: int | None) -> str:
    if successes is None:
        return "not at this level"
    return f"{successes} more" if successes else "enough now"


def lessons(report: Report) -> Iterator[Block]:
    """Tell what the track record teaches, in words."""
    if report.record is not None and report.record.lessons:
        yield some([(lesson,) for lesson in report.record.lessons], _MOST)


def _incident(asked: Asked, incident_id: str, text: str) -> Piece:
    return Link(text, f"{asked.console}/incidents/{incident_id}") if asked.console else text


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _MOST_LETTERS else f"{words[: _MOST_LETTERS - 1]}…"
