"""Numbers as people read them: with their unit, in few digits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from homeostat.amounts import amount
from homeostat.clock import rfc3339
from homeostat.explanation.parts import span

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.config.questions import Unit

# What lies before the first second and beyond the last that a calendar holds is no moment.
_LAST_MOMENT = 253402300799


def written(value: Any, unit: Unit) -> str:
    """Write a cell: a number in its unit, a text as it is, nothing for what is not known."""
    if value is None:
        return ""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    return "unknown" if math.isnan(value) else _WRITERS.get(unit, _number)(value)


def _span(seconds: float) -> str:
    if math.isinf(seconds):
        return "never" if seconds > 0 else "past"
    if 0 < abs(seconds) < 1:
        return f"{seconds * 1000:.3g}ms"
    return f"-{span(-seconds)}" if seconds < 0 else span(seconds)


def _amount(value: float) -> str:
    if not math.isfinite(value):
        return _number(value)
    return amount(value, "bytes")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "unlimited" if value > 0 else "-unlimited"
    return f"{value:.0f}" if abs(value - round(value)) < 1e-9 and abs(value) < 1e15 else f"{value:.3g}"


def _moment(value: float) -> str:
    return rfc3339(value) if 0 < value <= _LAST_MOMENT else "never"


def _ratio(value: float) -> str:
    if not math.isfinite(value):
        return _number(value)
    return f"{value:.1%}" if 0 < abs(value) < 0.1 else f"{value:.0%}"


_WRITERS: dict[str, Callable[[float], str]] = {
    "seconds": _span,
    "moment": _moment,
    "ratio": _ratio,
    "bytes": _amount,
    "bytes_per_second": lambda value: f"{_amount(value)}/s",
    "yes": lambda value: "yes" if value else "no",
}
