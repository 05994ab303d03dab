"""Amounts, shares and times as people read them, on pages, in reports, in plans and on the command line."""

from __future__ import annotations

import math

_SPANS = (("y", 365 * 86400), ("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_POWERS = ("", "k", "M", "G", "T", "P")
DAY_SECONDS = 86400


def ratio(value: float | None) -> str:
    """Write a share of one; nothing where it is not known."""
    return "" if value is None else f"{value:.0%}"


def amount(value: float, unit: str = "", sign: str = "") -> str:
    """Write a value of the unit `bytes`, `seconds`, `ratio`, or any other, to three digits; of bytes and of counts in powers of 1000."""
    if not math.isfinite(value):
        return "unknown"
    if unit == "ratio":
        return f"{100 * value:{sign}.3g} %"
    if unit == "seconds":
        return f"{'-' if value < 0 else sign}{in_time(abs(value))}"
    power = 0
    # What would be rounded to a thousand is one of the next.
    while abs(value) >= 999.5 and power < len(_POWERS) - 1:
        value, power = value / 1000, power + 1
    return f"{value:{sign}.3g} {_POWERS[power]}{'B' if unit == 'bytes' else ''}".rstrip()


def in_time(seconds: float | None) -> str:
    """Write a time to three digits of its largest unit; None is never."""
    if seconds is None:
        return "never"
    unit, length = next(((unit, length) for unit, length in _SPANS if seconds >= length), ("s", 1))
    return f"{seconds / length:.3g} {unit}"


def chances(probabilities: dict[str, float]) -> str:
    """Write how probable it is that a limit is reached within each horizon."""
    return "reached within " + ", ".join(f"{label} {chance:.0%}" for label, chance in probabilities.items())
