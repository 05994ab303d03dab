"""Known patterns of trouble, as data: the first whose signs are all there."""

from __future__ import annotations

import functools
import pathlib
from typing import TYPE_CHECKING

from exporter.investigation.model import Known
from homeostat.config import load
from homeostat.config.section import Ratio, Section

if TYPE_CHECKING:
    from collections.abc import Collection

BUILT_IN = pathlib.Path(__file__).with_name("known.yml")


class Pattern(Section, frozen=True, kw_only=True):
    """A pattern as written: all of `signs` and one of `one_of` speak for it."""

    sentence: str
    confidence: Ratio
    action: str | None = None
    signs: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would always fit."""
        if not (self.signs or self.one_of):
            raise ValueError("a pattern names at least one sign")

    def seen_in(self, signs: Collection[str]) -> tuple[str, ...]:
        """Return what of `signs` speaks for it, nothing where that is not enough."""
        chosen = tuple(sign for sign in self.one_of if sign in signs)
        enough = all(sign in signs for sign in self.signs) and (chosen or not self.one_of)
        return (*self.signs, *chosen) if enough else ()


@functools.cache
def known_patterns() -> dict[str, Pattern]:
    """Return the patterns by name, in their order."""
    return load(BUILT_IN, dict[str, Pattern])


def recognised(signs: Collection[str]) -> Known | None:
    """Return the first known pattern that fits."""
    for name, pattern in known_patterns().items():
        seen = pattern.seen_in(signs)
        if seen:
            return Known(name, pattern.sentence, pattern.action, pattern.confidence, seen)
    return None
