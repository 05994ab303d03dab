"""A report in words: a document of sections, which Markdown and HTML show alike; every word in it is plain and escaped by who shows it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to an address."""

    text: str
    address: str


@dataclasses.dataclass(frozen=True, slots=True)
class Code:
    """What is typed as it stands."""

    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Toned:
    """A word with what it means at a glance: good, waits, bad or plain."""

    text: str
    tone: str


Piece = str | Link | Code | Toned
Pieces = tuple[Piece, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Paragraph:
    """A few words."""

    pieces: Pieces


@dataclasses.dataclass(frozen=True, slots=True)
class Items:
    """A list, one thing a line."""

    entries: tuple[Pieces, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Rows below their columns' names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Pieces, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A plot, and the same in characters for where no picture can be shown: a name and its line."""

    svg: Markup
    lines: tuple[tuple[str, str], ...]


Block = Paragraph | Items | Table | Picture


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands below it."""

    heading: str
    blocks: tuple[Block, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """A title, a line that says it all, and the sections."""

    title: str
    short: str
    sections: tuple[Section, ...]


def said(*pieces: Piece) -> Paragraph:
    """Return a paragraph."""
    return Paragraph(pieces)


def table(columns: tuple[str, ...], rows: Sequence[tuple[Piece | Pieces, ...]]) -> Table:
    """Return a table whose cells are single pieces, or several."""
    return Table(columns, tuple(tuple(cell if isinstance(cell, tuple) else (cell,) for cell in row) for row in rows))


def some(items: list[Pieces], most: int, there_are: int = 0) -> Items:
    """Return the first of some items, and how many more there are of them, or of `there_are` where those are only a part."""
    left = max(len(items), there_are) - len(items[:most])
    more: list[Pieces] = [(f"and {left} more",)] if left else []
    return Items((*items[:most], *more))
