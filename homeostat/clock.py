"""The one door to time: what the hour is, and how to wait."""

from __future__ import annotations

import datetime
import time
from typing import Protocol


class Clock(Protocol):
    """What the daemons ask of time; tests hand in one that jumps."""

    def now(self) -> float:
        """Seconds since the Unix epoch; may jump when the host's clock is set."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; meaningless over a restart."""

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`."""


class SystemClock:
    """The host's clock."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never run backwards; a host that sleeps lets them pass."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def sleep(self, seconds: float) -> None:
        """Wait `seconds`; zero or less returns at once."""
        if seconds > 0:
            time.sleep(seconds)


def uptime_seconds() -> float:
    """Return the seconds since boot as systemd and the journal count them: those of sleep are left out."""
    return time.clock_gettime(time.CLOCK_MONOTONIC)


def unix_time(written: str) -> float:
    """Read a time as Alertmanager writes it, in Unix seconds. Raises ValueError when it is none."""
    return datetime.datetime.fromisoformat(written).timestamp()


def rfc3339(timestamp: float) -> str:
    """Write a Unix time as Alertmanager and people read it, in UTC: `2026-01-31T12:00:00Z`."""
    moment = datetime.datetime.fromtimestamp(timestamp, tz=datetime.UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
