"""Moments as people write them on the command line."""

from __future__ import annotations

import datetime
import re
from typing import Any

import click

_HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
NOW = "now"


def moment(text: str, now: float) -> float:
    """Read `now`, `22:30` (the next one), or a date with time, `2026-01-31T22:30`, into Unix seconds; local time unless it names its zone.

    Raises:
        ValueError: it is none of these.

    """
    if text == NOW:
        return now
    here = datetime.datetime.fromtimestamp(now).astimezone()
    hour = _HOUR.fullmatch(text)
    if hour is not None:
        then = here.replace(hour=int(hour[1]), minute=int(hour[2]), second=0, microsecond=0)
        return (then if then > here else then + datetime.timedelta(days=1)).timestamp()
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{text!r} is no time; write now, 22:30, or a date with time as in 2026-01-31T22:30 or 2026-01-31T21:30:00Z") from None


class Moment(click.ParamType[str, str]):
    """A moment on the command line; it is read with the clock of the moment that it is used in."""

    name = "time"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        """Refuse what is no moment as a usage error."""
        try:
            moment(value, 0.0)
        except ValueError as error:
            self.fail(str(error), parameter, context)
        return str(value)
