"""The exporter's words: what is watched, what was read of it, and how one reading is named."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exporter.assertion import Assertion
    from forecasting import Limit, Series
    from homeostat.config import Config


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Key:
    """What names one problem at one target: the labels of all its metrics."""

    problem: str
    host: str
    target: str
    resource: str


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """One series as Prometheus gave it: finite samples in ascending time, the newest sample's age, and what else was asked for.

    `size` is the series' own, `host_size` that of the host it is about. `interval_seconds` lie between two samples at least.
    """

    labels: Mapping[str, str]
    series: Series
    age_seconds: float
    size: float | None = None
    host_size: float | None = None
    interval_seconds: float = 0.0

    @property
    def value(self) -> float:
        """The newest value."""
        return float(self.series.values[-1])


@dataclasses.dataclass(frozen=True, slots=True)
class LeakRule:
    """A leak is a problem from `bytes_per_second` on, seen for at least `over_seconds` (SPEC 3.1)."""

    bytes_per_second: float
    over_seconds: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One target as it is now, ready to be forecast.

    `usage_ratio` is 1 at the limit and `usage_per_unit` how much one unit of the series adds to it; both are NaN where unknown.
    `usage_of` gives the usage ratio at another value where that is no straight line.
    Between two of its samples lie at least `interval_seconds`, as far as that was seen.
    A problem that is `observed` is seen, not expected: then the limit is infinite, and there is nothing to forecast.
    """

    key: Key
    series: Series
    limit: Limit
    unit: str
    action_horizon_seconds: float
    usage_ratio: float
    usage_per_unit: float
    age_seconds: float
    leak_rule: LeakRule | None = None
    observed: Assertion | None = None
    interval_seconds: float = 0.0
    usage_of: Callable[[float], float] | None = None

    @property
    def past_limit(self) -> bool:
        """Say whether the newest sample is at or past the limit: that is seen, and nothing is left to forecast."""
        value = float(self.series.values[-1])
        return value >= self.limit.value if self.limit.direction == "up" else value <= self.limit.value

    def usage_at(self, value: float) -> float:
        """Return the usage ratio that there will be at a value of the series."""
        if self.usage_of is not None:
            return self.usage_of(value)
        towards = 1.0 if self.limit.direction == "up" else -1.0
        return self.usage_ratio + towards * self.usage_per_unit * (value - float(self.series.values[-1]))


@dataclasses.dataclass(frozen=True, slots=True)
class Watch:
    """One question to Prometheus: `read` turns each series of `query` into a reading, or None where it cannot be one.

    `size_query` gives each series its size; the two are matched by `size_labels`.
    `host_query` gives each host a number; it is matched by the host's name.
    Where two watches read one key, the first one counts.
    """

    name: str
    query: str
    read: Callable[[Observed], Reading | None]
    size_query: str | None = None
    size_labels: tuple[str, ...] = ()
    host_query: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A kind of thing that may be in trouble: `watches` turns the configuration into questions."""

    watches: Callable[[Config], Sequence[Watch]]
