"""How the console shows values: control characters spelled out, moments with how far away they are, sizes and lengths in words."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from markupsafe import Markup

from actor.journal.incidents import plain
from homeostat.clock import rfc3339
from homeostat.config.section import DAY, HOUR, MINUTE
from homeostat.printable import printable
from homeostat.words import FAILURES

if TYPE_CHECKING:
    from collections.abc import Mapping

_BAD = (*FAILURES, "critical", "refuse")
_GOOD = ("succeeded", "verified", "allow")
_WAITS = ("proposed", "announced", "deferred", "warned", "weak", "warning", "defer", "confirm", "unverifiable")


def shown(value: object) -> object:
    """Return any value as a template shows it: nothing of None, and no character that steers what stands around it."""
    if isinstance(value, Markup):
        return value
    return "" if value is None else printable(str(value))


def moment(timestamp: float, now: float) -> Markup:
    """Return a Unix time as a date, in UTC, and how far from `now` it is."""
    date = f"{datetime.datetime.fromtimestamp(timestamp, tz=datetime.UTC):%Y-%m-%d %H:%M:%S UTC}"
    return Markup('<time datetime="{}">{}</time> <span class="far">{}</span>').format(rfc3339(timestamp), date, distance(timestamp - now))


def distance(seconds: float) -> str:
    """Return how far away a moment is: `in 3 h`, `5 min ago`, `now`."""
    if abs(seconds) < 1:
        return "now"
    return f"in {length(seconds)}" if seconds > 0 else f"{length(-seconds)} ago"


def length(seconds: float) -> str:
    """Return a length of time in its largest whole unit: `90 min`, `3 h`, `12 d`."""
    for unit, size in (("d", DAY), ("h", HOUR), ("min", MINUTE)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def tone(word: str | None) -> str:
    """Return the class of a state, outcome, answer or severity: what it means to a person at a glance, beside its word."""
    for name, words in (("bad", _BAD), ("good", _GOOD), ("waits", _WAITS)):
        if word in words:
            return name
    return "plain"


def spelled(value: Any) -> str:
    """Return a value from the journal in full: words as they are, everything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=plain).decode()


def pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a gate saw as names and words; what happened `_at` a Unix time as a date."""
    return [(name.replace("_", " "), _in_short(name, value)) for name, value in values.items()]


def _in_short(name: str, value: Any) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return rfc3339(value) if name.endswith("_at") else f"{value:.6g}"
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value) or "none"
    return "none" if value in (None, "", [], {}) else spelled(value)
