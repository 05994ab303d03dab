"""The sections on how things stand: scores, success metrics against their targets, and what could not be learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.reports.document import Toned, said, some, table
from homeostat.reports.outlook import courses
from homeostat.reports.success import MEASURES
from homeostat.reports.words import change, lasted, length, share, spaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.reports.document import Block, Piece
    from homeostat.reports.model import Report
    from homeostat.reports.success import Measure


def scores(report: Report) -> Iterator[Block]:
    """Tell both scores, what takes points, and their course."""
    now, past = report.now, report.past
    known = dict(now.scores) if now is not None else {}
    trends = past.scores if past is not None else ()
    if not known and not trends:
        return
    means = {trend.name: trend for trend in trends}
    rows = []
    for name in dict.fromkeys((*known, *means)):
        trend = means.get(name)
        mean, before = (trend.mean, trend.before) if trend is not None else (None, None)
        rows.append((name, _points(known.get(name)), _points(mean), _points(before), change(mean, before, 0)))
    yield table(("score, of 100", "now", f"mean in {lasted(report.asked.period)}", f"in the {lasted(report.asked.period)} before", "change"), rows)
    if now is not None and now.penalties:
        worst = sorted(now.penalties.items(), key=lambda named: -named[1])
        yield said(f"Health loses {', '.join(f'{points:g} by {spaced(reason)}' for reason, points in worst)}.")
    if trends:
        yield courses("Health and autonomy", trends, "count")


def measures(report: Report) -> Iterator[Block]:
    """Tell the success metrics, each against what is meant."""
    if report.now is None:
        return
    rows = [
        (measure.title, _value(measure, value), measure.target, _verdict(measure.met(value)))
        for measure in MEASURES
        if (value := report.now.measures.get(measure.rule)) is not None
    ]
    if rows:
        yield table(("measure", "is", "meant", "verdict"), rows)
    else:
        yield said("Nothing to divide by yet: no problem was decided in 30 days, or Prometheus does not have alert-rules/success.rules.yml.")


def unknown(report: Report) -> Iterator[Block]:
    """Tell what could not be learned, and why."""
    if report.unknown:
        yield some([(line if line.endswith((".", "?", "!")) else f"{line}.",) for line in report.unknown], len(report.unknown))


def _verdict(met: bool | None) -> Piece:
    return "" if met is None else Toned("met", "good") if met else Toned("not met", "bad")


def _value(measure: Measure, value: float) -> str:
    return share(value) if measure.unit == "ratio" else length(value)


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
