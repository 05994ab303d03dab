"""The marks around what is ours in a person's file: with them and what is between them gone, the file is theirs, byte for byte."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BEGIN = "# homeostat: begin"
_WITHIN = "within a line"
_END = "# homeostat: end"
_SHARED = "# homeostat: every host"
_HOST = "# homeostat: host "
_TAIL = r"[ \t]*# homeostat: end(?: |\r?$)[^\n]*(?:\n|\Z)"
_REGION = re.compile(
    rf"(?:\r?\n[ \t]*{_BEGIN} (?P<within>\S+) {_WITHIN};|^[ \t]*{_BEGIN} (?P<whole>\S+);)(?P<rest>[^\n]*\n)(?P<body>(?:[^\n]*\n)*?){_TAIL}", re.MULTILINE
)
_HEADER = re.compile(rf"(?P<indent>[ \t]*)(?:{re.escape(_HOST)}(?P<host>.+)|{_SHARED})")
_NOTE = "made by `homeostat generate`, which loses what is changed between these marks"


class MergeError(Exception):
    """A file that cannot be merged into; the message says where and why in one line."""


@dataclasses.dataclass(frozen=True)
class Section:
    """The entries of one host at one place, as text without indentation; those that all hosts share are no host's."""

    host: str | None
    text: str


def without_ours(text: str) -> tuple[str, dict[str, list[Section]]]:
    """Take what is ours out of a file: return the file as its owner wrote it, and the hosts' sections by their place.

    Raises:
        MergeError: a mark has lost its counterpart.

    """
    found: dict[str, list[Section]] = {}
    for region in _REGION.finditer(text):
        found.setdefault(region["within"] or region["whole"], []).extend(_sections(region["body"]))
    theirs = _REGION.sub("", text)
    if lost := re.search(rf"^[ \t]*(?:{_BEGIN}|{_END})", theirs, re.MULTILINE):
        raise MergeError(f"the mark {lost[0].strip()!r} has lost its counterpart; remove what is Homeostat's around it by hand, with both marks")
    return theirs, found


def _sections(body: str) -> Iterable[Section]:
    """Yield what stands below each header; what stands above the first only holds the list."""
    header, lines = None, list[str]()
    for line in (*body.replace("\r\n", "\n").split("\n")[:-1], None):
        starts = _HEADER.fullmatch(line) if line is not None else None
        if line is None or starts:
            if header:
                yield Section(header["host"], textwrap.dedent("".join(f"{kept}\n" for kept in lines)))
            header, lines = starts, []
        elif header:
            # Skeletons are closed below the last section, further left than it.
            lines += [line] if line.startswith(header["indent"]) else []


def region(place: str, inner: str, within: bool) -> str:
    """Put marks around the text of a place; `within` a line the text begins with the line's end."""
    end_of_line, words = ("\n", f" {_WITHIN}") if within else ("", "")
    return f"{end_of_line}{_BEGIN} {place}{words}; {_NOTE}\n{inner}{_END}\n"


def joined(sections: Iterable[Section]) -> str:
    """Return the text of several sections, each below its header."""
    return "".join(f"{_SHARED if section.host is None else _HOST + section.host}\n{section.text}" for section in sections)


def with_own(sections: Iterable[Section], host: str, own: str, shared: str) -> list[Section]:
    """Return the sections with this host's in its old place, or after the other hosts', and what all share at the end."""
    texts: Mapping[str, str] = {section.host: section.text for section in sections if section.host is not None}
    mine = {**texts, host: own}
    return [*(Section(name, text) for name, text in mine.items() if text), *([Section(None, shared)] if shared else [])]
