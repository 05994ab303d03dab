"""What an explanation is made of: parts of the chain in its order, each with the sentence that it ends in where it is closed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from homeostat.clock import rfc3339
from homeostat.config.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXACT = 5e-6
_FOREVER_SECONDS = 1e11


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One link of the chain in words; `because` completes "Nothing happened because ..." where the link is closed or broken."""

    heading: str
    lines: tuple[str, ...]
    because: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Silent:
    """A door gave no answer; `reason` says in a line which, and why."""

    reason: str


def sections(short: str, parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Return the parts that have something to say, after the one sentence that says it all, as the API and the CLI show them."""
    told = [Part("In short", (short,)), *(part for part in parts if part.lines)]
    return [{"heading": part.heading, "lines": [_once_ended(line) for line in part.lines]} for part in told]


def _once_ended(line: str) -> str:
    """Take away the full stop after the mark with which another's words, quoted at the end, have ended already."""
    return line[:-1] if line.endswith(("?.", "!.", "..")) else line


def first_closed(parts: Iterable[Part]) -> str | None:
    """Return why the first closed link is closed, or None where all are open."""
    return next((part.because for part in parts if part.because is not None), None)


def number(value: float) -> str:
    """Write a ratio with two decimals, and with up to four where that says more: 0.80, 0.957, 0.9001."""
    texts = [f"{value:.{digits}f}" for digits in (2, 3, 4)]
    return next((text for text in texts if abs(float(text) - value) < _EXACT), texts[-1])


def span(seconds: float | None) -> str:
    """Write a time as people say it, to its two largest units: `3d4h`; None, and what no calendar holds, is never."""
    if seconds is None or not abs(seconds) < _FOREVER_SECONDS:
        return "never"
    unit = next((unit for least, unit in ((86400, 3600), (3600, 60)) if seconds >= least), 1)
    return str(Duration(round(seconds / unit) * unit))


def day(timestamp: float) -> str:
    """Write a Unix time."""
    return rfc3339(timestamp)


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does: `a, b and c`."""
    *others, last = list(words) or [""]
    return f"{', '.join(others)} and {last}" if others else last
