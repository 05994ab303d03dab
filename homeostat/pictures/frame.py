"""The frame of a plot: its box, its two scales, and the axes with what is written at them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from homeostat.amounts import amount
from homeostat.pictures import svg
from homeostat.pictures.scales import Scale, ticks, time_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from markupsafe import Markup

SIZE = (640, 280)
_LEFT, _RIGHT, _TOP, _BOTTOM = 96, 16, 22, 34
_MOST_ROWS = 5
_MOST_TIMES = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """Where a plot's times and values lie."""

    across: Scale
    upwards: Scale

    def points(self, times: Iterable[float], values: Iterable[float]) -> list[svg.Point]:
        """Return the places of values at their times."""
        return [(self.across.at(time), self.upwards.at(value)) for time, value in zip(times, values, strict=False)]


def framed(times: tuple[float, float], values: tuple[float, float], size: tuple[int, int] = SIZE) -> Frame:
    """Return the frame of a plot with room for what is written at its axes."""
    wide, high = size
    return Frame(Scale(*times, _LEFT, wide - _RIGHT), Scale(*values, high - _BOTTOM, _TOP))


def bare(times: tuple[float, float], values: tuple[float, float], size: tuple[int, int]) -> Frame:
    """Return the frame of a picture so small that nothing is written in it."""
    wide, high = size
    return Frame(Scale(*times, 2, wide - 2), Scale(*values, high - 2, 2))


def rows(frame: Frame, unit: str) -> Iterator[Markup]:
    """Draw a line at each round value, with its amount."""
    for value in ticks(frame.upwards.low, frame.upwards.high, _MOST_ROWS, unit):
        y = frame.upwards.at(value)
        yield svg.line((frame.across.start, y), (frame.across.end, y), "plot-axis")
        yield svg.text(amount(value, unit), (frame.across.start - 8, y + 4), "end")


def times(frame: Frame) -> Iterator[Markup]:
    """Write the round times below, and that they are UTC, whatever the words around say; on a narrow screen every other one is left out."""
    yield svg.text("UTC", (2, frame.upwards.start + 22))
    found = list(time_ticks(frame.across.low, frame.across.high, _MOST_TIMES))
    yield from below(frame, [(frame.across.at(moment), said) for moment, said in found])


def below(frame: Frame, said: Sequence[tuple[float, str]]) -> Iterator[Markup]:
    """Write words below the plot at their places; on a narrow screen every other one is left out."""
    edge = frame.across.end + _RIGHT
    for number, (x, word) in enumerate(said):
        # Half of the word would be cut off.
        at, anchor = (edge, "end") if x > edge - _RIGHT - 20 else (x, "middle")
        yield svg.text(word, (at, frame.upwards.start + 22), anchor, "plot-text plot-between" if number % 2 else "plot-text")
