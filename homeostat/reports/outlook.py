"""The sections on what is foreseen: what runs out next, what became of predictions, how good they were, and confidence over time."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

from homeostat.explanation.parts import listed
from homeostat.pictures import fan, lines
from homeostat.reports.document import Picture, Toned, said, table
from homeostat.reports.markdown import sparkline
from homeostat.reports.words import change, lasted, length, moment, share, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.reports.document import Block, Piece, Pieces
    from homeostat.reports.model import Became, Outlook, Prediction, Report, RunsOut, Trend

_MOST = 20
_FATES: dict[Became, tuple[str, str]] = {
    "came true": ("came true", "waits"),
    "unforeseen": ("not foreseen", "bad"),
    "averted": ("averted by an action", "good"),
    "gone": ("did not come true", "plain"),
    "open": ("still to come", "waits"),
}


def runs_out(report: Report) -> Iterator[Block]:
    """Tell the first few with their interval, and what will be done about each."""
    now = report.now
    if now is None:
        return
    if not now.forecasts:
        yield said("Not known: Prometheus has no forecast of this host.")
    elif not now.runs_out:
        yield said(f"Nothing, among {now.forecasts} forecasts.")
    else:
        rows: list[tuple[Piece | Pieces, ...]] = [
            (one.target, one.problem, share(one.used), length(one.median), within(one.lower, one.upper), _will(one)) for one in now.runs_out
        ]
        yield table(("target", "problem", "used", "in about", "90 % interval", "what will be done"), rows)
    if now.outlook is not None:
        yield _fan(now.outlook)


def _will(one: RunsOut) -> str:
    if one.action == "none":
        return "nothing: no action answers it"
    return f"{one.action} ({one.decision})" if one.decision else f"{one.action}, once it is a problem"


def _fan(known: Outlook) -> Picture:
    title = f"{known.target}: {known.problem}"
    drawn = fan.Fan(
        title, "How much of the limit was used, and is expected to be, with the 90 % band.", "ratio", known.now,
        known.times, known.past, known.ahead, known.lower, known.median, known.upper, 1.0,
    )  # fmt: skip
    return Picture(fan.draw(drawn), ((f"{title}, 7 days back", sparkline(known.past)), (f"{title}, ahead", sparkline(known.median))))


def predictions(report: Report) -> Iterator[Block]:
    """Tell what became of each prediction of the period."""
    if report.past is None:
        return
    if not report.predictions:
        yield said("Nothing was predicted, and nothing reached its limit.")
        return
    counted = collections.Counter(one.became for one in report.predictions)
    yield said(f"{listed(f'{counted[name]} {words}' for name, (words, _) in _FATES.items() if counted[name])}.")
    yield table(("target", "problem", "predicted", "what became of it"), [_row(report, one) for one in report.predictions[:_MOST]])
    if len(report.predictions) > _MOST:
        yield said(f"and {len(report.predictions) - _MOST} more.")


def _row(report: Report, one: Prediction) -> tuple[Piece | Pieces, ...]:
    location = report.asked.location
    words, tone = _FATES[one.became]
    ended = "" if one.became == "open" else f", {moment(one.at, location)}"
    return one.target, one.problem, "never" if one.made_at is None else moment(one.made_at, location), (Toned(words, tone), ended)


def accuracy(report: Report) -> Iterator[Block]:
    """Tell how good the forecasts were, by horizon, as far as they could be scored."""
    if report.accuracy is None:
        return
    scored = {horizon: one for horizon, one in report.accuracy.items() if one.scored}
    if not scored:
        pending = sum(one.pending for one in report.accuracy.values())
        yield said(f"None was scored yet; {pending} are kept until it is known how they came out." if pending else "None was kept yet.")
        return
    yield table(
        ("within", "scored", "expected to reach the limit", "did", "Brier score", "in the 90 % interval", "time off by"),
        [
            (horizon, str(one.scored), share(one.expected), share(one.crossed), "" if one.brier is None else f"{one.brier:.3f}", share(one.coverage), share(one.time_error))
            for horizon, one in scored.items()
        ],
    )


def confidence(report: Report) -> Iterator[Block]:
    """Tell the confidence in each action: while a problem called for it, against the period before, and of the decisions of 7 days."""
    trends = {trend.name: trend for trend in (report.past.confidence if report.past is not None else ())}
    decided = report.now.decided if report.now is not None else {}
    if not trends and not decided:
        return
    rows: list[tuple[Piece | Pieces, ...]] = []
    for action in dict.fromkeys((*trends, *decided)):
        mean, before = (trends[action].mean, trends[action].before) if action in trends else (None, None)
        of_decisions = (_mean(decided[action].mean), change(decided[action].change, 0.0)) if action in decided else ("", "")
        rows.append((action, _mean(mean), _mean(before), change(mean, before), *of_decisions))
    yield table(("action", f"in {lasted(report.asked.period)}", f"in the {lasted(report.asked.period)} before", "change", "decisions of 7 days", "since the 7 before"), rows)
    if trends:
        yield courses("Confidence in each action", tuple(trends.values()))


def courses(title: str, trends: tuple[Trend, ...], unit: str = "ratio") -> Picture:
    """Draw courses of one unit; where nothing was known the line is broken."""
    drawn = [lines.Line(trend.name, *_broken(trend)) for trend in trends]
    svg = lines.draw((title, "The period and the one before it."), drawn, unit)
    return Picture(svg, tuple((trend.name, sparkline(trend.values)) for trend in trends))


def _broken(trend: Trend) -> tuple[list[float], list[float]]:
    """Return times and values with a gap wherever nothing was known for three times as long as between any two."""
    times, values = list(trend.times[:1]), list(trend.values[:1])
    steps = [after - before for before, after in zip(trend.times, trend.times[1:], strict=False)]
    for step, time, value in zip(steps, trend.times[1:], trend.values[1:], strict=True):
        if step > 3 * min(steps):
            times.append(time)
            values.append(float("nan"))
        times.append(time)
        values.append(value)
    return times, values


def _mean(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
