"""Shows a document as Markdown; no word of it can become markup, and no line of it another kind of line."""

from __future__ import annotations

import re
import urllib.parse
from typing import TYPE_CHECKING

from homeostat.printable import printable
from homeostat.reports.document import Code, Items, Link, Paragraph, Picture, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homeostat.reports.document import Block, Document, Piece, Pieces

# An underscore within a word emphasizes nothing, and most names have one.
_SPECIAL = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")
# What makes a heading, a list, a rule or code of a line that begins with it.
_BEGINNING = re.compile(r"^(?:[-+=#]|\d+[.)])")
_BARS = "▁▂▃▄▅▆▇█"


def markdown(document: Document) -> str:
    """Return the document as Markdown with tables, as GitHub and others show it."""
    lines = [f"# {_line((document.title,))}", "", _line((document.short,)), ""]
    for section in document.sections:
        lines += [f"## {_line((section.heading,))}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return words that Markdown shows as they are, wherever in a line they stand; control characters are spelled out."""
    words = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", words)


def sparkline(values: tuple[float, ...], wide: int = 40) -> str:
    """Draw finite values as bars between the least and the most, at most so many, with the first and the last in numbers."""
    if not values:
        return ""
    every = max(1, -(-len(values) // wide))
    means = [sum(part) / len(part) for part in (values[start : start + every] for start in range(0, len(values), every))]
    low, spread = min(means), max(means) - min(means)
    bars = "".join(_BARS[int((mean - low) / spread * (len(_BARS) - 1))] if spread else _BARS[0] for mean in means)
    return f"{values[0]:.3g} {bars} {values[-1]:.3g}"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield _line(block.pieces)
    elif isinstance(block, Items):
        yield from (f"- {_line(item)}" for item in block.entries)
    elif isinstance(block, Table):
        yield _row([(column,) for column in block.columns])
        yield f"|{' --- |' * len(block.columns)}"
        yield from map(_row, block.rows)
    elif isinstance(block, Picture):
        yield from (f"- {_line((name,))}: {line}" for name, line in block.lines)


def _line(pieces: Pieces) -> str:
    words = "".join(map(_piece, pieces)).strip()
    return _BEGINNING.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", words)


def _row(cells: Sequence[Pieces]) -> str:
    # A bar ends a cell even within code.
    inside = ("".join(_piece(piece).replace("|", "\\|") if isinstance(piece, Code) else _piece(piece) for piece in cell) for cell in cells)
    return f"| {' | '.join(inside)} |"


def _piece(piece: Piece) -> str:
    if isinstance(piece, Link):
        return f"[{escaped(piece.text)}]({_address(piece.address)})"
    if isinstance(piece, Code):
        return _code(printable(piece.text))
    return escaped(piece if isinstance(piece, str) else piece.text)


def _address(address: str) -> str:
    return re.sub(r"[^\w:/?#&=.,%~+-]", lambda found: urllib.parse.quote(found[0], safe=""), address, flags=re.ASCII)


def _code(text: str) -> str:
    """Return code that ends where it ends, whatever ticks it holds."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{room}{text}{room}{fence}"
