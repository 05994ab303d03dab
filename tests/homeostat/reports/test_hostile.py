"""Whatever stands in a name, a reason or a person's words is text in a report, as Markdown, as HTML and in the brief, never a part of it."""

from __future__ import annotations

import html.parser
from typing import Any

import markdown_it
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.printable import printable
from homeostat.reports.document import Code, Document, Items, Link, Section, said, table
from homeostat.reports.markdown import markdown
from homeostat.reports.model import Report
from homeostat.reports.page import page
from homeostat.reports.telling import tell
from tests.homeostat.reports import sample
from tests.hostile import BY_KIND

MARKUP = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "]] [a](javascript:alert(1))", "![x](http://evil)", "# heading", "1. list", "- item", "a|b", "`code`",
    "``` fence", "~~~", "***", "===", "---", "> quoted", "&lt;b&gt;", "&#60;b&#62;", "<!--", "\\", "_a_", "__a__", "a_b_c", "<http://evil>", "[a]: http://evil", "w" * 200, "<b>" * 70, "{{ 7*7 }}", "\x1b[31m", "\u202eevil",
]  # fmt: skip
# What a report is made of: nothing else may appear.
TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "ul", "li", "section", "table", "thead", "tbody", "tr", "th", "td", "div", "span", "a", "code", "figure",
    "svg", "desc", "path", "line", "text", "rect",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "aria-labelledby", "aria-label", "id", "role", "scope", "data-column", "class", "href", "viewbox", "xmlns", "d", "x", "y", "x1", "x2",
    "y1", "y2", "width", "height", "text-anchor",
}  # fmt: skip
LETTERS = st.text(st.characters(codec="utf-8"), max_size=40)


class Reader(html.parser.HTMLParser):
    """Remembers the tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def renamed(value: Any, text: str) -> Any:
    """Return JSON with every name that may come from outside replaced."""
    if isinstance(value, dict):
        ours = {"outcome", "mode", "level", "answer", "by", "became", "period", "location", "console"}
        return {key: part if key in ours else renamed(part, text) for key, part in value.items()}
    if isinstance(value, list):
        return [renamed(part, text) for part in value]
    return text if isinstance(value, str) else value


def rewritten(text: str) -> Report:
    return msgspec.convert(renamed(msgspec.to_builtins(sample.report()), text), Report)


def read(report: str) -> Reader:
    reader = Reader()
    reader.feed(report)
    return reader


@pytest.mark.parametrize("text", [*MARKUP, *(text for kind in BY_KIND.values() for text in (kind[0], kind[-1]))], ids=lambda text: ascii(text)[:40])
def test_no_name_becomes_a_part_of_the_page(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        pytest.skip("no JSON holds it")
    document = tell(rewritten(text))
    whole = page(document)
    seen = read(whole)
    assert seen.tags <= TAGS
    assert seen.attributes <= ATTRIBUTES
    assert all(address.startswith("https://homeostat.example.org/incidents/") for address in seen.addresses)
    assert printable(text) in "".join(seen.text)
    kinds = {token.type for token in markdown_it.MarkdownIt("gfm-like", {"linkify": False}).parse(markdown(document))}
    assert kinds.isdisjoint({"html_block", "html_inline", "blockquote_open", "code_block", "fence", "hr", "ordered_list_open"})


def shown(text: str) -> tuple[str, list[str]]:
    """Return what a line of Markdown reads as, and the kinds of what it is made of."""
    document = Document("t", "s", (Section("h", (said(text), Items(((text,),)), table((text,), [(text,)]))),))
    tokens = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).parse(markdown(document))
    inline = [token for token in tokens if token.type == "inline"]
    kinds = [child.type for token in inline for child in token.children or ()]
    words = ["".join(child.content for child in token.children or ()) for token in inline]
    return words[3], [*kinds, *(token.type for token in tokens if not token.type.startswith(("table", "thead", "tbody", "tr", "th", "td")))]


@given(LETTERS)
def test_every_text_reads_in_markdown_as_it_is(text: str) -> None:
    words, kinds = shown(text)
    assert words == printable(text).strip() or not printable(text).strip()
    assert set(kinds) <= {"text", "text_special", "inline", "heading_open", "heading_close", "paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}


@given(LETTERS)
def test_code_and_links_end_where_they_end(text: str) -> None:
    document = Document("t", "s", (Section("h", (said(Code(f"x{text}y"), " ", Link(f"x{text}y", f"https://host/{text}")),)),))
    tokens = markdown_it.MarkdownIt("gfm-like", {"linkify": False}).parse(markdown(document))
    kinds = [child.type for child in tokens[-2].children or ()]
    assert (kinds.count("code_inline"), kinds.count("link_open")) == (1, 1)
    assert set(kinds) <= {"code_inline", "text", "text_special", "link_open", "link_close"}
    (href,) = [child.attrs["href"] for child in tokens[-2].children or () if child.type == "link_open"]
    assert str(href).startswith("https://host/")
