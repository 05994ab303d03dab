"""A user's own targets: any query with a limit, a direction and a problem's name."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from exporter.hosts import host_of
from exporter.model import Key, Observed, Reading, Target, Watch
from forecasting import Limit

if TYPE_CHECKING:
    from homeostat.config import Config
    from homeostat.config.types import CustomTarget


def _watches(config: Config) -> list[Watch]:
    return [
        Watch(f"custom {entry.name}", entry.query, functools.partial(_read, config, entry))
        for entry in config.exporter.targets.custom
    ]


def _read(config: Config, entry: CustomTarget, observed: Observed) -> Reading | None:
    target = entry.target or observed.labels.get(entry.target_label or "")
    if not target:
        return None
    usage_ratio, usage_per_unit = _usage(float(observed.series.values[-1]), entry)
    return Reading(
        key=Key(entry.problem, host_of(observed.labels, config), target, entry.resource),
        series=observed.series,
        limit=Limit(entry.limit, entry.direction),
        unit=entry.unit,
        action_horizon_seconds=entry.action_horizon,
        usage_ratio=usage_ratio,
        usage_per_unit=usage_per_unit,
        age_seconds=observed.age_seconds,
    )


def _usage(value: float, entry: CustomTarget) -> tuple[float, float]:
    """Usage and its change per unit: value over limit going up, limit over value going down.

    Both are NaN, unknown, where a limit or value that is not positive gives the ratio no meaning.
    """
    if entry.limit <= 0 or (entry.direction == "down" and value <= 0):
        return math.nan, math.nan
    if entry.direction == "up":
        return value / entry.limit, 1 / entry.limit
    return entry.limit / value, entry.limit / value**2


TARGET = Target(_watches)
