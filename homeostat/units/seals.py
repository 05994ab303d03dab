"""Tells contents apart without telling them: what stands in an environment or a label may be a password."""

from __future__ import annotations

import hashlib

# Stands for what only systemd knows when it starts a command: a variable, or a specifier that is not known here.
OPEN = "\ufffc"
_MARK = "#"


def sealed(content: str) -> str:
    """Return a seal of `content`; what stands open stays so."""
    return OPEN if OPEN in content else f"{_MARK}{hashlib.blake2b(content.encode(), digest_size=8).hexdigest()}"


def pairs(words: list[str]) -> dict[str, str]:
    """Return `{NAME: seal}` of words as `NAME=content`; the last of one name counts."""
    return {name: sealed(content) for name, _, content in (word.partition("=") for word in words)}


def is_seal(value: str) -> bool:
    """Say whether a value is a seal and tells nothing to people."""
    return value == OPEN or (value.startswith(_MARK) and len(value) == 17)
