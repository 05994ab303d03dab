"""The synthetic course of a selftest: a line that surely reaches its limit, for a quarter of an hour at most, in memory only."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

import numpy as np

from exporter.model import Key, Reading
from forecasting import Limit, Series
from homeostat.walk import lasts_seconds
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    from collections.abc import Collection

    from homeostat.config.types import Exporter

# The limit lies ahead by this share of the window: a day and a half, of seven days, is a warning and no emergency.
_AHEAD_RATIO = 0.2
_FIRST_USAGE = 0.2
# Between two of them lie so many cycles: who asks again and again must not keep the actor from its work.
_REST_CYCLES = 3
# What resolved unheard, muted or within a group_interval, and fires again, Alertmanager tells nobody of before its repeat_interval is over. So each
# has another resource, of so many by the second: seconds enough for a quarter of an hour, and few enough for series.
_RESOURCES = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Selftest:
    """A synthetic problem of one host, which ends by itself at a monotonic time; its resource is not that of the one before."""

    host: str
    ends_at: float
    resource: str

    def reading(self, settings: Exporter, now: float) -> Reading:
        """Return the course as it would be at `now` (Unix seconds): always as far from its limit as at first."""
        horizon = max(*settings.horizons, settings.window)
        timestamps = now - settings.step * np.arange(int(settings.window / settings.step) + 1, dtype=float)[::-1]
        ahead, behind = _AHEAD_RATIO * settings.window, now - float(timestamps[0])
        values = 1 - (1 - _FIRST_USAGE) * (ahead + now - timestamps) / (ahead + behind)
        return Reading(
            key=Key(SELFTEST, self.host, SELFTEST, self.resource),
            series=Series(timestamps, values),
            limit=Limit(1.0, "up"),
            unit="ratio",
            action_horizon_seconds=horizon,
            usage_ratio=float(values[-1]),
            usage_per_unit=1.0,
            age_seconds=0.0,
            interval_seconds=settings.step,
        )


class Selftests:
    """At most one selftest at a time, of a host that is watched; it is forgotten by whoever restarts."""

    def __init__(self) -> None:
        """Begin without one."""
        self._lock = threading.Lock()
        self._last: Selftest | None = None

    def current(self, monotonic_now: float) -> Selftest | None:
        """Return the one under way, or None."""
        last = self._last
        return last if last is not None and monotonic_now < last.ends_at else None

    def begin(self, host: str, hosts: Collection[str], cycle_seconds: float, monotonic_now: float) -> str | None:
        """Begin one, or say in words why not now; raises ValueError for a host that is not watched."""
        if host not in hosts:
            raise ValueError(f"host {host!r} is not watched by this exporter; it watches {', '.join(sorted(hosts))}")
        with self._lock:
            last, rest = self._last, _REST_CYCLES * cycle_seconds
            if last is not None and monotonic_now < last.ends_at:
                return f"a selftest of {last.host} is under way and ends in {last.ends_at - monotonic_now:.0f} s at the latest"
            if last is not None and monotonic_now - last.ends_at < rest:
                return f"the last selftest ended {monotonic_now - last.ends_at:.0f} s ago; another may begin in {rest - monotonic_now + last.ends_at:.0f} s"
            self._last = Selftest(host, monotonic_now + lasts_seconds(cycle_seconds), f"{SELFTEST}-{int(monotonic_now) % _RESOURCES}")
        return None

    def end(self, host: str, monotonic_now: float) -> None:
        """Take back the one of `host`, if it is under way."""
        with self._lock:
            if self._last is not None and self._last.host == host:
                self._last = dataclasses.replace(self._last, ends_at=min(monotonic_now, self._last.ends_at))
