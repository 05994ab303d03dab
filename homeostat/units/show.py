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


def main_pid(values: dict[str, str]) -> int:
    """Return a unit's main process, 0 where it has none."""
    pid = values.get("MainPID", "")
    return int(pid) if pid.isdecimal() else 0


def memory_bytes(values: dict[str, str]) -> int | None:
    """Return how much memory a unit uses: what its control group counts, else what is resident of its main process; None where nobody knows."""
    counted = values.get("MemoryCurrent", "")
    return int(counted) if counted.isdigit() and int(counted) < 2**62 else resident_bytes(main_pid(values))


def resident_bytes(pid: int) -> int | None:
    """Return how much memory of a process is resident, None where it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    lines = (line.split() for line in text.splitlines() if line.startswith("VmRSS:"))
    return next((int(words[1]) * 1024 for words in lines), None)
