"""Services that get slower: the mean of a week's p95 against the mean of the week before.

A week's mean has neither days nor weekends in it, so that a busy evening is no degradation.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from exporter.model import Key, Observed, Reading, Target, Watch
from exporter.readings import used_of_limit
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config


def _watches(config: Config) -> list[Watch]:
    settings = config.exporter.targets.latency
    services = settings.services.items() if settings.enabled else ()
    return [_watch(config, service, query) for service, query in services]


def _watch(config: Config, service: str, query: str) -> Watch:
    over = config.exporter.targets.latency.over
    # The mean of a week outlives the service by a week: only where there is a p95 now, there is latency.
    this_week, before = f"{_mean(config, query)} and ({query})", _mean(config, query, f" offset {over}")
    return Watch(f"latency {service}", this_week, functools.partial(_read, config, service), before, ("instance",))


def _mean(config: Config, query: str, offset: str = "") -> str:
    # A time without requests has a p95 of NaN, which would make the whole mean one: it is left out.
    return f"avg_over_time((({query}) >= 0)[{config.exporter.targets.latency.over}:{config.exporter.step}]{offset})"


def _read(config: Config, service: str, observed: Observed) -> Reading | None:
    settings = config.exporter.targets.latency
    key = Key("service_degradation", host_of(observed.labels, config), service, "latency")
    limit = (observed.size or 0.0) * (1 + settings.limit_growth_ratio)
    return used_of_limit(observed, key, "seconds", limit, settings.action_horizon)


TARGET = Target(_watches)
