"""What goes wrong, as programs say it: the built-in patterns beside the owner's own."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from typing import TYPE_CHECKING

from homeostat.config import load
from homeostat.config.log_patterns import LogPattern, bounded

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping

    from homeostat.words import Severity

BUILT_IN = pathlib.Path(__file__).with_name("patterns.yml")
# What comes so late in a line is no message of a program any more.
MOST_LETTERS = 1000


class Written(LogPattern, frozen=True, kw_only=True):
    """A built-in pattern: the lower-case `needles` of which a line holds one, its hint, and lines that it finds and does not find."""

    needles: tuple[str, ...]
    hint: str
    examples: tuple[str, ...]
    misses: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern to search for; without needles every line is searched."""

    name: str
    regex: re.Pattern[str]
    severity: Severity
    enough: int | None = None
    needles: tuple[str, ...] = ()


@functools.cache
def written() -> dict[str, Written]:
    """Return the built-in patterns as they are written, by name."""
    return load(BUILT_IN, dict[str, Written])


@functools.cache
def _built_in() -> dict[str, Pattern]:
    return {name: Pattern(name, bounded(each.match), each.severity, each.enough, each.needles) for name, each in written().items()}


def known_patterns(own: Mapping[str, LogPattern]) -> dict[str, Pattern]:
    """Return the built-in patterns and the owner's by name; an owner's of the same name takes the built-in's place."""
    return _built_in() | {name: Pattern(name, bounded(each.match), each.severity, each.enough) for name, each in own.items()}


def found_in(message: str, patterns: Iterable[Pattern]) -> Iterator[tuple[Pattern, dict[str, str]]]:
    """Yield each pattern that a message holds, with what its named groups took in (`port_2` is another place of `port`)."""
    message = message[:MOST_LETTERS]
    lowered = message.lower()
    for pattern in patterns:
        if pattern.needles and not any(needle in lowered for needle in pattern.needles):
            continue
        match = pattern.regex.search(message)
        if match is not None:
            yield pattern, {name.rstrip("_0123456789"): value for name, value in match.groupdict().items() if value}
