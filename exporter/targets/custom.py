"""A user's own targets: any query with a limit, a direction and a problem's name."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from exporter.model import Key, Observed, Reading, Target, Watch
from exporter.readings import falling_to_limit, used_of_limit
from forecasting import Limit
from homeostat.hosts import host_of

if TYPE_CHECKING:
    from homeostat.config import Config
    from homeostat.config.targets import CustomTarget


def _watches(config: Config) -> list[Watch]:
    return [
        Watch(f"custom {entry.name}", entry.query, functools.partial(_read, config, entry))
        for entry in config.exporter.targets.custom
    ]


def _read(config: Config, entry: CustomTarget, observed: Observed) -> Reading | None:
    target = entry.target or observed.labels.get(entry.target_label or "")
    if not target:
        return None
    key = Key(entry.problem, host_of(observed.labels, config), target, entry.resource)
    towards = used_of_limit if entry.direction == "up" else falling_to_limit
    known = towards(observed, key, entry.unit, entry.limit, entry.action_horizon)
    return known or _of_unknown_usage(observed, key, entry)


def _of_unknown_usage(observed: Observed, key: Key, entry: CustomTarget) -> Reading:
    """Read what has a limit that is not positive, of which no share can be used."""
    return Reading(
        key=key,
        series=observed.series,
        limit=Limit(entry.limit, entry.direction),
        unit=entry.unit,
        action_horizon_seconds=entry.action_horizon,
        usage_ratio=math.nan,
        usage_per_unit=math.nan,
        age_seconds=observed.age_seconds,
    )


TARGET = Target(_watches)
