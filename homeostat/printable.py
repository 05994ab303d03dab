"""Text that came from outside, for a person's eyes."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return `text` with control characters spelled out: what came in a label must not steer a terminal or a page."""
    return "".join(letter if letter.isprintable() else ascii(letter).strip("'") for letter in text)
