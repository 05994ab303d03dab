"""Counts as columns of parts, as of each day's outcomes."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from homeostat.pictures import svg
from homeostat.pictures.frame import SIZE, Frame, below, framed, rows
from homeostat.pictures.scales import around, real

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from markupsafe import Markup

# From the bottom up; a person reads each tone's name below too.
TONES = ("good", "waits", "bad", "plain")
_MOST_LETTERS = 12
# How much room a mark with what stands around it takes.
_MARK_LETTERS = 4
_MOST_NAMES = 16


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """What is counted under one name, as a day's: how many (0 or more) of each of TONES."""

    name: str
    counts: Mapping[str, float]


def draw(words: tuple[str, str], columns: Sequence[Column], tones: Mapping[str, str]) -> Markup:
    """Draw columns below a title and a description; `tones` says what each tone counts, as `{"good": "succeeded"}`."""
    shown = [Column(column.name, {tone: count for tone in tones if (count := _count(column, tone))}) for column in columns]
    highest = max((sum(column.counts.values()) for column in shown), default=0)
    values = around([0.0, highest])
    if not highest or values is None:
        return svg.empty(words[0])
    frame = framed((0, len(shown)), values)
    every = math.ceil(len(shown) / _MOST_NAMES)
    names = [(frame.across.at(number + 0.5), svg.shortened(column.name, _MOST_LETTERS)) for number, column in enumerate(shown) if number % every == 0]
    bodies = [part for number, column in enumerate(shown) for part in _column(frame, number, column)]
    high = SIZE[1] + 30
    return svg.picture(words, (SIZE[0], high), [*rows(frame, "count"), *bodies, *below(frame, names), *_legend(tones)])


def _count(column: Column, tone: str) -> float:
    return max(0.0, *real([column.counts.get(tone, 0.0)]), 0.0)


def _column(frame: Frame, number: int, column: Column) -> Iterator[Markup]:
    left, right = frame.across.at(number + 0.15), frame.across.at(number + 0.85)
    base = 0.0
    for tone in TONES:
        if count := column.counts.get(tone, 0.0):
            top, bottom = frame.upwards.at(base + count), frame.upwards.at(base)
            what = svg.element("title", f"{column.name}: {count:g}")
            yield svg.element("rect", what, x=left, y=top, width=right - left, height=bottom - top, class_=f"plot-{tone}")
            base += count


def _legend(tones: Mapping[str, str]) -> Iterator[Markup]:
    named = [(tone, svg.shortened(tones[tone], _MOST_LETTERS)) for tone in TONES if tone in tones]
    # Each has room by its letters: on a phone they are as wide as they are here, and the picture is half.
    room = (SIZE[0] - 24) / sum(len(name) + _MARK_LETTERS for _, name in named)
    x, y = 12.0, SIZE[1] + 16
    for tone, name in named:
        yield svg.element("rect", x=x, y=y - 10, width=12, height=12, class_=f"plot-{tone}")
        yield svg.text(name, (x + 18, y))
        x += room * (len(name) + _MARK_LETTERS)
