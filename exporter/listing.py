"""Which forecasts the API answers with: one target's, or what runs out first; and which target may have been meant."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING

from homeostat.words import SELFTEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.collector import Served
    from exporter.model import Key

USUAL = 100
MOST = 10_000
# A picture of each is drawn of so many at once.
MOST_FANS = 200
_NEAR = 3
# dns is no nas: of a short word one letter may be missing, but none another.
_ALIKE_RATIO = 0.75


def of_target(entries: Iterable[Served], host: str | None, target: str) -> list[Served]:
    """Return all that is forecast of one target, on one host or on each."""
    keyed = ((entry, entry.prediction.reading.key) for entry in entries)
    return [entry for entry, key in keyed if key.target == target and host in {None, key.host}]


def soonest(entries: Iterable[Served], host: str | None, like: str = "") -> list[Served]:
    """Return every forecast but a selftest's, of one host or of all: the soonest first, then the fullest, at last what has no forecast.

    With `like`, only of targets and resources in whose name that stands.
    """
    part = like.lower()
    real = (entry for entry in entries if entry.prediction.reading.key.problem != SELFTEST)
    forecast = (entry for entry in real if entry.prediction.reading.observed is None)
    keyed = ((entry, entry.prediction.reading.key) for entry in forecast)
    wanted = (entry for entry, key in keyed if host in {None, key.host} and (part in key.target.lower() or part in key.resource.lower()))
    return sorted(wanted, key=_order)


def unknown(entries: Iterable[Served], host: str | None, target: str) -> str:
    """Say that nothing is forecast of a target, and which ones have a name near to it."""
    keys = [entry.prediction.reading.key for entry in entries]
    near = _near(target, [key for key in keys if host in {None, key.host}]) or _near(target, keys)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"no target {target!r}{f' on host {host!r}' if host else ''} is forecast now, or seen in trouble{meant}"


def _near(target: str, keys: Iterable[Key]) -> list[str]:
    places: dict[str, set[str]] = {}
    for key in keys:
        places.setdefault(key.target, set()).add(key.host)
    part = [known for known in sorted(places) if target.lower() in known.lower()]
    names = (part or difflib.get_close_matches(target, places, cutoff=_ALIKE_RATIO))[:_NEAR]
    return [f"{name!r} on {' and '.join(sorted(places[name])[:_NEAR])}" for name in names]


def _order(entry: Served) -> tuple[bool, float, float]:
    reading, expected = entry.prediction.reading, entry.prediction.forecast
    usage = 0.0 if math.isnan(reading.usage_ratio) else reading.usage_ratio
    return expected.reason is not None, math.inf if expected.reason else expected.time_to_limit_seconds.median, -usage
