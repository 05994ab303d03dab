"""Elements of SVG, whose every word and attribute is escaped, and lines that break where there is no number."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from markupsafe import Markup

from homeostat.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_LETTERS = 300
# A circle wider than the line is: on its first day a house has no more than one sample, and a pixel is not seen.
_DOT = "m-1.5,0a1.5,1.5 0 1 0 3,0a1.5,1.5 0 1 0 -3,0"
Point = tuple[float, float]


def element(name: str, *content: Markup | str, **attributes: str | float) -> Markup:
    """Write one element; `class_` and `text_anchor` become `class` and `text-anchor`, and what is no Markup is escaped."""
    written = Markup().join(Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _said(value)) for key, value in attributes.items())
    inside = Markup().join(part if isinstance(part, Markup) else printable(part) for part in content)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inside)  # noqa: S704 - names of elements are ours


def picture(words: tuple[str, str], size: tuple[int, int], parts: Iterable[Markup], kind: str = "plot") -> Markup:
    """Write a whole picture, which a reader of the screen hears as `words`: a title and what is to be seen."""
    title, told = (shortened(text, _MOST_LETTERS) for text in words)
    wide, high = size
    return element(
        "svg",
        element("title", title),
        element("desc", told),
        *parts,
        role="img",
        class_=kind,
        viewBox=f"0 0 {wide} {high}",
        xmlns="http://www.w3.org/2000/svg",
    )


def empty(title: str, size: tuple[int, int] = (640, 90), kind: str = "plot") -> Markup:
    """Write the picture of nothing: a frame that says so."""
    wide, high = size
    said = text("no data", (wide / 2, high / 2 + 4), "middle")
    return picture((title, "no data"), size, [said], kind)


def text(said: str, place: Point, anchor: str = "start", kind: str = "plot-text") -> Markup:
    """Write words that begin, end or have their middle (`start end middle`) at a place on their base line."""
    return element("text", said, x=place[0], y=place[1], text_anchor=anchor, class_=kind)


def line(start: Point, end: Point, kind: str) -> Markup:
    """Draw a straight line of a kind, which the style sheet knows."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=kind)


def course(points: Iterable[Point], kind: str) -> Markup:
    """Draw a line through points, broken where one is no number; a point alone is a dot."""
    drawn = []
    for exists, run in itertools.groupby(points, key=lambda point: all(map(math.isfinite, point))):
        if exists:
            first, *rest = run
            drawn.append(f"M{_pair(first)}" + ("".join(f"L{_pair(point)}" for point in rest) or _DOT))
    return element("path", d="".join(drawn), class_=kind)


def area(lower: Sequence[Point], upper: Sequence[Point], kind: str) -> Markup:
    """Fill what lies between two lines; where either is no number, nothing is filled."""
    shapes = []
    for exists, run in itertools.groupby(zip(lower, upper, strict=True), key=lambda pair: all(map(math.isfinite, (*pair[0], *pair[1])))):
        if exists:
            below, above = zip(*run, strict=True)
            shapes.append("M" + "L".join(map(_pair, (*above, *reversed(below)))) + "Z")
    return element("path", d="".join(shapes), class_=kind)


def shortened(said: str, most: int) -> str:
    """Return text of at most so many letters, whose end shows that there was more."""
    return said if len(said) <= most else f"{said[: most - 1]}…"


def _pair(point: Point) -> str:
    return " ".join(map(_said, point))


def _said(value: str | float) -> str:
    return printable(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
