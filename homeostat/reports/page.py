"""Shows a document as HTML: its body for the console's frame, or a page that needs nothing beside it."""

from __future__ import annotations

import functools
import pathlib
from typing import TYPE_CHECKING

import jinja2
from markupsafe import Markup

from homeostat.pictures import STYLE_SHEET
from homeostat.printable import printable

if TYPE_CHECKING:
    from homeostat.reports.document import Document, Pieces

_MOST_UNBROKEN = 22
_FOLDER = pathlib.Path(__file__).parent
_STYLE = _FOLDER.joinpath("report.css").read_text(encoding="utf-8")


def body(document: Document) -> Markup:
    """Return what stands on the page, without a style of its own: classes only."""
    return Markup(_templates().get_template("body.html").render(document=document))  # noqa: S704 - the template escapes


def page(document: Document) -> str:
    """Return a whole page with its style in it: no script, nothing loaded from anywhere."""
    style = Markup(_STYLE + STYLE_SHEET)  # noqa: S704 - our own
    return _templates().get_template("page.html").render(document=document, body=body(document), style=style)


@functools.cache
def _templates() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(_FOLDER / "templates")
    templates = jinja2.Environment(loader=loader, autoescape=True, finalize=_shown, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    templates.filters["short"] = _short
    return templates


def _short(cell: Pieces) -> bool:
    """Say whether every word of a cell is so short that it need not break within."""
    words = " ".join(piece if isinstance(piece, str) else piece.text for piece in cell).split()
    return max(map(len, words), default=0) <= _MOST_UNBROKEN


def _shown(value: object) -> object:
    """Return a value with control characters spelled out: they must not steer what stands around them."""
    return value if isinstance(value, Markup) else printable(str(value))
