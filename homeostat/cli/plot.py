"""A series' past and the fan of what is expected, drawn in braille: two dots wide and four high in every letter.

plotext would draw it too, with a global figure, no types, and axes of its own; what is needed are these hundred lines.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

import rich.text

from homeostat.explanation.parts import span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Points = Sequence[tuple[float, float]]

# The dots of a letter, by column and row, as Unicode numbers them.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK = 0x2800
# What is drawn last is seen where two lines share a letter.
_STYLES = ("", "cyan", "red", "bold cyan", "bold")
_BAND, _LIMIT, _MEDIAN, _PAST = 1, 2, 3, 4
_DASH = 4
# Samples further apart than this share of the picture are not joined: nobody knows what was between.
_GAP_SHARE = 0.04
# A limit that would press everything else into a corner is told instead.
_FAR = 1.5
# A band that goes further beyond the rest than so many times its height is cut off there, as in the console's pictures.
_WIDE = 1.0
# In heights of the picture: no line is followed further out.
_OUTSIDE = 100.0
_ROWS = 12
_LEAST_COLUMNS = 20


@dataclasses.dataclass(frozen=True)
class Fan:
    """What was and what is expected: (seconds from now, value) in ascending time, and the limit; what is no finite number is left out."""

    past: Points
    lower: Points
    median: Points
    upper: Points
    limit: float | None

    def __post_init__(self) -> None:
        """Leave out what cannot be drawn."""
        for name in ("past", "lower", "median", "upper"):
            finite = tuple((at, value) for at, value in getattr(self, name) if math.isfinite(at) and math.isfinite(value))
            object.__setattr__(self, name, finite)
        if self.limit is not None and not math.isfinite(self.limit):
            object.__setattr__(self, "limit", None)


    @property
    def shows_limit(self) -> bool:
        """Whether its limit lies in sight of the rest."""
        drawn = [value for points in (self.past, self.lower, self.median, self.upper) for _, value in points]
        if self.limit is None or not drawn:
            return False
        room = _FAR * (max(drawn) - min(drawn))
        return min(drawn) - room <= self.limit <= max(drawn) + room

    def caption(self, what: str, amount: Callable[[float], str]) -> str:
        """Say what is drawn, and where the limit lies."""
        limit = "" if self.limit is None else f", the limit of {amount(self.limit)} {'dashed' if self.shows_limit else 'out of sight'}"
        past = "what was and " if self.past else ""
        return f"{what}{past}what is expected, with its 90 % band{limit}"


@dataclasses.dataclass
class _Canvas:
    """Letters of dots; of each, which line was drawn there last."""

    columns: int
    rows: int
    span: tuple[float, float]
    values: tuple[float, float]
    dots: dict[tuple[int, int], int] = dataclasses.field(default_factory=dict)
    lines: dict[tuple[int, int], int] = dataclasses.field(default_factory=dict)

    def x(self, at: float) -> int:
        """Return the column of dots at a time."""
        begin, end = self.span
        return round((at - begin) / (end - begin) * (self.columns * 2 - 1))

    def y(self, value: float) -> int:
        """Return the row of dots, from the top, at a value; of one that lies outside, as far away as keeps a line's slope."""
        least, most = self.values
        return round(max(-_OUTSIDE, min((most - value) / (most - least), _OUTSIDE)) * (self.rows * 4 - 1))

    def dot(self, x: int, y: int, line: int) -> None:
        """Set a dot, if it lies within the picture."""
        if 0 <= x < self.columns * 2 and 0 <= y < self.rows * 4:
            letter = (x // 2, y // 4)
            self.dots[letter] = self.dots.get(letter, 0) | _DOTS[x % 2][y % 4]
            self.lines[letter] = max(self.lines.get(letter, 0), line)

    def join(self, points: Points, line: int, most_apart: float = math.inf) -> None:
        """Draw a line through points, but not over what is further apart."""
        before = None
        for at, value in points:
            here = (self.x(at), self.y(value))
            if before is None or at - before[0] > most_apart:
                self.dot(*here, line)
            else:
                for x, y in _between(before[1], here):
                    self.dot(x, y, line)
            before = (at, here)

    def text(self, row: int) -> Iterator[tuple[str, str]]:
        """Yield the letters of a row with their styles; the moment of now stands out where nothing is drawn."""
        now = self.x(0.0) // 2
        for column in range(self.columns):
            dots = self.dots.get((column, row), 0)
            if dots:
                yield chr(_BLANK + dots), _STYLES[self.lines[(column, row)]]
            else:
                yield ("┊", "dim") if column == now else (" ", "")


def draw(fan: Fan, columns: int, amount: Callable[[float], str]) -> list[rich.text.Text]:
    """Return the picture's lines, at most so many columns wide; `amount` says a value in words. Empty where there is nothing to draw."""
    if not fan.past and not fan.median:
        return []
    times = [at for at, _ in (*fan.past, *fan.median)]
    values = _extent(fan)
    ticks = {0: amount(values[1]), _ROWS // 2: amount((values[0] + values[1]) / 2), _ROWS - 1: amount(values[0])}
    margin = max(map(len, ticks.values())) + 1
    canvas = _Canvas(max(_LEAST_COLUMNS, columns - margin - 1), _ROWS, (min(0.0, *times), max(*times, 1.0)), values)
    _paint(canvas, fan)
    lines = []
    for row in range(_ROWS):
        line = rich.text.Text().append(f"{ticks.get(row, ''):>{margin - 1}} │", style="dim")
        for letter, style in canvas.text(row):
            line.append(letter, style=style)
        line.rstrip()
        lines.append(line)
    lines.append(rich.text.Text(" " * (margin + 1) + _times(canvas), style="dim"))
    return lines


def _paint(canvas: _Canvas, fan: Fan) -> None:
    """Draw the band first and the past last."""
    for edge in (fan.lower, fan.upper):
        canvas.join(edge, _BAND)
    for (at, low), (_, high) in zip(_columns(canvas, fan.lower), _columns(canvas, fan.upper), strict=False):
        top, bottom = sorted((canvas.y(low), canvas.y(high)))
        # A shade, so that the median stays seen without colours too.
        for y in range(top, bottom + 1):
            if at % 4 == 0 and y % 4 == at // 4 % 2 * 2:
                canvas.dot(at, y, _BAND)
    if fan.limit is not None and fan.shows_limit:
        for x in range(canvas.columns * 2):
            if x % _DASH < _DASH - 1:
                canvas.dot(x, canvas.y(fan.limit), _LIMIT)
    canvas.join(fan.median, _MEDIAN)
    canvas.join(fan.past, _PAST, (canvas.span[1] - canvas.span[0]) * _GAP_SHARE)


def _columns(canvas: _Canvas, points: Points) -> Iterator[tuple[int, float]]:
    """Yield the value at every column of dots between the first point and the last."""
    for (begin, first), (end, last) in itertools.pairwise(points):
        left, right = canvas.x(begin), canvas.x(end)
        for x in range(left, right):
            yield x, first + (last - first) * (x - left) / (right - left)


def _between(begin: tuple[int, int], end: tuple[int, int]) -> Iterable[tuple[int, int]]:
    steps = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]), 1)
    return [(round(begin[0] + (end[0] - begin[0]) * step / steps), round(begin[1] + (end[1] - begin[1]) * step / steps)) for step in range(steps + 1)]


def _extent(fan: Fan) -> tuple[float, float]:
    """Return the least and the most that is drawn: the limit unless it is far away, and of the band what does not flatten the rest."""
    core = [value for points in (fan.past, fan.median) for _, value in points]
    if fan.limit is not None and fan.shows_limit:
        core.append(fan.limit)
    least, most = min(core), max(core)
    room = _WIDE * (most - least) or math.inf
    edges = [value for points in (fan.lower, fan.upper) for _, value in points]
    least, most = max(min((least, *edges)), least - room), min(max((most, *edges)), most + room)
    edge = 0.0 if most > least else abs(most) * 0.05 or 1.0
    return least - edge, most + edge


def _times(canvas: _Canvas) -> str:
    """Write when the picture begins, where now is, and when it ends."""
    begin, end = canvas.span
    first, last = (f"{span(-begin)} ago" if begin < 0 else ""), f"in {span(end)}"
    line = list(f"{first:<{canvas.columns}}")
    for text, at in (("now", canvas.x(0.0) // 2 - 1), (last, canvas.columns - len(last))):
        place = max(0, at)
        if all(letter == " " for letter in line[max(0, place - 1) : place + len(text) + 1]):
            line[place : place + len(text)] = text
    return "".join(line[: canvas.columns]).rstrip()
