"""Reads what systemctl prints: `Key=Value` lines, and moments."""

from __future__ import annotations

import datetime
import math
import pathlib


def values_of(text: str) -> dict[str, str]:
    """Return `{key: value}` of `Key=Value` lines; what is none is left out."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def moment(text: str) -> float | None:
    """Read `Thu 2026-11-26 07:55:18.985431 UTC` as Unix seconds; None where nothing stands, as of a unit that never ran. Raises ValueError."""
    words = text.split()
    if len(words) != 4:
        return None
    try:
        return datetime.datetime.fromisoformat(f"{words[1]}T{words[2]}+00:00").timestamp()
    except ValueError:
        raise ValueError(f"the manager tells a time that cannot be read: {text!r}") from None


def changed_at(path: str) -> float:
    """Return when a file last changed here in Unix seconds, infinity where it cannot be looked at."""
    try:
        status = pathlib.Path(path).stat()
    except OSError:
        return math.inf
    # A package brings its files' old times along; when they came here, only the change time knows.
    return max(status.st_mtime, status.st_ctime)
