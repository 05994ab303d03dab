"""What one deployment makes of another, line by line for people; pure."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_LINES = 200
_NAME = r"(?:pass(?:word|wd|phrase)?|secret|token|api_?key|credential|private_?key)[a-z0-9_]*"
# Named in a quoted word, whose value goes on to the quote's end; named before its value, quoted or not; and within an address.
_SECRETS = (
    re.compile(rf"(?i)((?P<quote>[\"'])[^\"'=]*{_NAME}\s*=)((?:(?!(?P=quote)).)+)"),
    re.compile(rf"(?i)({_NAME}[\"']?\s*[=:]\s*)(\"[^\"]*\"?|'[^']*'?|\S+?(?=[\"']?(?:\s|$)))"),
    re.compile(r"(://[^\s/:@]*:)([^\s@]+)(?=@)"),
)


def of_files(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """Return a unified diff of files by their absolute paths; what looks like a secret by its name is struck out."""
    found = [line for path in sorted({*before, *after}) for line in _of_file(path, before.get(path), after.get(path))]
    more = len(found) - _MOST_LINES
    return (*found[:_MOST_LINES], f"... and {more} more lines") if more > 0 else tuple(found)


def _of_file(path: str, before: str | None, after: str | None) -> Iterator[str]:
    old, new = (path if text is not None else "/dev/null" for text in (before, after))
    for line in difflib.unified_diff(_lines(before), _lines(after), old, new, lineterm=""):
        shown = line
        for secret in _SECRETS:
            shown = secret.sub(_struck, shown)
        yield shown


def _lines(text: str | None) -> list[str]:
    return (text or "").splitlines()


def _struck(found: re.Match[str]) -> str:
    return f"{found[1]}..."


def of_images(reference: str, before: str | None, after: str | None) -> tuple[str, ...]:
    """Return what a name of an image stood for and stands for, as lines of a diff; nothing where that is one image."""
    if before == after:
        return ()
    return (f"--- {reference}", f"+++ {reference}", *(f"-{each}" for each in (before,) if each), f"+{after or 'no image has this name'}")
