"""An investigation for people: a few sentences, and as Markdown with every number and the query that gave it; pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from homeostat.clock import rfc3339
from homeostat.config import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.investigation.model import Investigation, Known, Point

_MOST_TOLD = 5


def as_json(found: Investigation) -> dict[str, Any]:
    """Describe an investigation, with its words and its Markdown."""
    return {**dataclasses.asdict(found), "words": list(words(found)), "markdown": markdown(found)}


def words(found: Investigation) -> Iterator[str]:
    """Yield what was found in sentences, the most telling first; each stands by itself."""
    if found.known is not None:
        yield f"It looks like {found.known.name} ({found.known.confidence:.0%}): {found.known.sentence}{_called_for(found.known)}."
    else:
        yield "No known pattern fits what was seen."
    yield from (f"Seen now: {what}." for what in found.seen)
    if found.onset is not None:
        rise = f"from {found.onset.before:.3g} to {found.onset.after:.3g}"
        yield f"It began at {rfc3339(found.onset.at)}: its mean rose {rise} ({found.onset.confidence:.0%} sure)."
    if found.correlation is not None:
        told = found.correlation
        yield (
            f"{_span(told.distance_seconds)} before, at {rfc3339(told.deployment.at)}: {told.deployment.words}; "
            f"by time order and distance alone that is {told.confidence:.0%} likely the reason."
        )
    yield from (f"{cause.sentence} (since {rfc3339(cause.since)}, by the journal)." for cause in found.causes[:_MOST_TOLD])
    yield from (f"It needs {each.name}, which is sick: {each.words}." for each in found.dependencies if each.standing == "sick")
    yield from (f"Not seen: {what}." for what in found.unseen)


def _called_for(known: Known) -> str:
    return f"; what it calls for is {known.action}" if known.action is not None else "; it calls for a person"


def _span(seconds: float) -> str:
    return str(Duration(round(seconds)))


def markdown(found: Investigation) -> str:
    """Write it all down: words, what happened, dependencies, and the numbers with their queries."""
    problems = f" ({', '.join(found.problems)})" if found.problems else ""
    parts = [
        f"# {found.target} on {found.host}{problems}",
        f"Looked into from {rfc3339(found.since)} to {rfc3339(found.until)}.",
        "\n".join(f"- {line}" for line in words(found)),
        _list("What happened", (f"{rfc3339(event.at)} {event.target}: {event.words}" for event in found.events)),
        _list("What it needs", (f"{each.name} is {each.standing}: {each.words}" for each in found.dependencies)),
        _list("Numbers", (*_onset(found), *map(_point, found.points))),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _list(heading: str, lines: Iterator[str] | tuple[str, ...]) -> str:
    told = "\n".join(f"- {line}" for line in lines)
    return f"## {heading}\n\n{told}" if told else ""


def _onset(found: Investigation) -> Iterator[str]:
    if found.onset is not None:
        yield f"mean before and after the onset: {found.onset.before:.4g}, {found.onset.after:.4g} by `{found.onset.promql}`"


def _point(point: Point) -> str:
    before = f", before {point.before:.3g}" if point.before is not None else ""
    return f"{point.what}: at worst {point.value:.3g}{before} by `{point.promql}`"
