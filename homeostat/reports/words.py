"""How a report writes times, lengths and shares."""

from __future__ import annotations

from homeostat.config.section import DAY, HOUR, MINUTE
from homeostat.time_intervals import local_time

_KINDS = {"1d": "the day's briefing", "7d": "the week's report", "30d": "the month's report"}
_LASTED = {"1d": "24 hours", "7d": "7 days", "30d": "30 days"}
_DECADE_SECONDS = 10 * 365 * DAY


def kind_of(period: str) -> str:
    """Return what a report of that period is called."""
    return _KINDS.get(period, f"report of {period}")


def lasted(period: str) -> str:
    """Return how long that period is, in words."""
    return _LASTED.get(period, period)


def within(lower: float | None, upper: float | None) -> str:
    """Write an interval of lengths of time, whose ends may be the same and whose end may never come."""
    first, last = length(lower), length(upper)
    return first if first == last else f"{first} to {last}"


def moment(timestamp: float, location: str) -> str:
    """Write a Unix time as the clocks of a place show it."""
    return f"{local_time(timestamp, location):%a %Y-%m-%d %H:%M}"


def length(seconds: float | None) -> str:
    """Write a length of time in its largest unit: `3 days`, `5 hours`; what lasts ten years or is None never ends."""
    if seconds is None or seconds > _DECADE_SECONDS:
        return "never"
    unit, name = next(((unit, name) for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")) if seconds >= 2 * unit), (1, "second"))
    count = round(seconds / unit)
    return f"{count} {name}{'' if count == 1 else 's'}"


def share(value: float | None) -> str:
    """Write a ratio in percent; nothing of what is not known."""
    return "" if value is None else f"{value:.0%}"


def change(value: float | None, before: float | None, digits: int = 2) -> str:
    """Write how a value has moved against the one before; nothing where one is not known."""
    if value is None or before is None:
        return ""
    moved = round(value - before, digits)
    return f"{moved:+.{digits}f}" if moved else "as before"


def spaced(word: str) -> str:
    """Write one of our own words as people do."""
    return word.replace("_", " ")
