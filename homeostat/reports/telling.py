"""What a report says, section by section, in the order in which a person wants to know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.reports import deeds, outlook, standing
from homeostat.reports.document import Code, Document, Section, said, some
from homeostat.reports.words import kind_of, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from homeostat.reports.document import Block
    from homeostat.reports.model import Report

_MOST_RECOMMENDED = 12

SECTIONS: tuple[tuple[str, Callable[[Report], Iterator[Block]]], ...] = (
    ("What waits for you", deeds.waiting),
    ("What was done", deeds.done),
    ("What it would have done", deeds.shadow),
    ("What failed", deeds.failed),
    ("What was not done", deeds.not_done),
    ("How incidents ended", deeds.endings),
    ("What is held back", deeds.held),
    ("What runs out next", outlook.runs_out),
    ("Predictions", outlook.predictions),
    ("How good the forecasts were", outlook.accuracy),
    ("Confidence in each action", outlook.confidence),
    ("What is still to be earned", deeds.earning),
    ("Health and autonomy", standing.scores),
    ("Success, of 30 days", standing.measures),
    ("What the record teaches", deeds.lessons),
    ("What is not known", standing.unknown),
)


def tell(report: Report) -> Document:
    """Return the report in words; a section that has nothing to say is left out."""
    asked = report.asked
    title = f"Homeostat on {asked.host}: {kind_of(asked.period)}"
    short = f"{deeds.in_short(report)} From {moment(asked.since, asked.location)} to {moment(asked.until, asked.location)}."
    told = [Section(heading, blocks) for heading, blocks in ((heading, tuple(write(report))) for heading, write in SECTIONS) if blocks]
    return Document(title, short, (Section("What to do", tuple(_recommended(report))), *told))


def _recommended(report: Report) -> Iterator[Block]:
    if not report.recommendations:
        yield said("Nothing: all is well, as far as this report can see." if not report.unknown else "Nothing that is known; see what is not known, at the end.")
        return
    yield some([(f"{one.advice} {one.evidence} ", Code(one.command)) for one in report.recommendations], _MOST_RECOMMENDED)
