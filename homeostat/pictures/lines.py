"""Courses over time, as of the confidence in each action."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from homeostat.pictures import svg
from homeostat.pictures.frame import SIZE, framed, rows, times
from homeostat.pictures.scales import around, moments, real

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

# As many as the style sheet has colours for.
COLOURS = 6
_LEGEND_ROW = 26
_LEGEND_COLUMNS = 2
_MOST_LETTERS = 24


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One course: its name, Unix seconds in ascending order, and as many values."""

    name: str
    times: Sequence[float]
    values: Sequence[float]


def draw(words: tuple[str, str], lines: Sequence[Line], unit: str = "ratio") -> Markup:
    """Draw courses, the first ones in a colour each, below a title and a description; what has no number is left out."""
    shown = [line for line in lines if real(line.values)]
    time = moments(itertools.chain.from_iterable(line.times for line in shown))
    values = around(itertools.chain.from_iterable(line.values for line in shown))
    if time is None or values is None:
        return svg.empty(words[0])
    frame = framed(time, values)
    drawn = [svg.course(frame.points(line.times, line.values), f"plot-line plot-line-{_colour(number)}") for number, line in enumerate(shown)]
    high = SIZE[1] + 8 + _LEGEND_ROW * -(-len(shown) // _LEGEND_COLUMNS)
    return svg.picture(words, (SIZE[0], high), [*rows(frame, unit), *times(frame), *drawn, *_legend(shown)])


def _legend(lines: Sequence[Line]) -> Iterator[Markup]:
    for number, line in enumerate(lines):
        row, column = divmod(number, _LEGEND_COLUMNS)
        x, y = 12 + column * (SIZE[0] - 24) / _LEGEND_COLUMNS, SIZE[1] + 16 + row * _LEGEND_ROW
        yield svg.line((x, y - 4), (x + 18, y - 4), f"plot-line plot-line-{_colour(number)}")
        yield svg.text(svg.shortened(line.name, _MOST_LETTERS), (x + 24, y))


def _colour(number: int) -> int:
    return number % COLOURS + 1
