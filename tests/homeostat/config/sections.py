"""Every section of the configuration, for what must hold of each."""

from __future__ import annotations

import typing
from typing import Any

import msgspec


def sections_of(kind: Any) -> list[type[msgspec.Struct]]:
    """Return every struct that is reachable from a type, itself among them, each once and in the order of the keys."""
    found: dict[type[msgspec.Struct], None] = {}
    _collect(kind, found)
    return list(found)


def _collect(kind: Any, found: dict[type[msgspec.Struct], None]) -> None:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind not in found:
            found[kind] = None
            for field in msgspec.structs.fields(kind):
                _collect(field.type, found)
        return
    for part in typing.get_args(kind):
        _collect(part, found)
