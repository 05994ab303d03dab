"""What threads need before they start: msgspec reads a type at its first use, and two threads that do so at once crash the process."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_all() -> None:
    """Have msgspec read every struct that is defined by now, with all types inside it; it remembers them."""
    for kind in _below(msgspec.Struct):
        # A struct that only ever is written may have fields that cannot be read.
        with contextlib.suppress(TypeError, NameError):
            msgspec.json.Decoder(kind)


def _below(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
