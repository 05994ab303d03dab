"""How a series becomes a reading: what is left of a size, what is used of a limit, what falls towards one; and marked backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.model import Reading
from forecasting import Limit

if TYPE_CHECKING:
    from exporter.model import Key, Observed
    from homeostat.config import Config
    from homeostat.config.targets import BackupFilesystem, FreeTarget


def left_of_size(observed: Observed, key: Key, unit: str, settings: FreeTarget) -> Reading | None:
    """Read what is free of a size, of which a share must stay free; None where there is no size."""
    size = observed.size or 0.0
    usable = size * (1 - settings.limit_free_ratio)
    if not usable > 0:
        return None
    return Reading(
        key=key,
        series=observed.series,
        limit=Limit(size * settings.limit_free_ratio, "down"),
        unit=unit,
        action_horizon_seconds=settings.action_horizon,
        usage_ratio=(size - observed.value) / usable,
        usage_per_unit=1 / usable,
        age_seconds=observed.age_seconds,
    )


def used_of_limit(observed: Observed, key: Key, unit: str, limit: float, action_horizon_seconds: float) -> Reading | None:
    """Read what is used of a limit (in the series' unit); None where the limit is none."""
    if not limit > 0:
        return None
    return Reading(
        key=key,
        series=observed.series,
        limit=Limit(limit, "up"),
        unit=unit,
        action_horizon_seconds=action_horizon_seconds,
        usage_ratio=observed.value / limit,
        usage_per_unit=1 / limit,
        age_seconds=observed.age_seconds,
    )


def falling_to_limit(observed: Observed, key: Key, unit: str, limit: float, action_horizon_seconds: float) -> Reading | None:
    """Read what falls towards a limit (in the series' unit); None where the limit is none.

    Usage is limit over value; past the limit, where that soon means nothing, it goes on in its tangent.
    """
    if not limit > 0:
        return None
    above = max(observed.value, limit)
    return Reading(
        key=key,
        series=observed.series,
        limit=Limit(limit, "down"),
        unit=unit,
        action_horizon_seconds=action_horizon_seconds,
        usage_ratio=limit / above + (above - observed.value) / limit,
        usage_per_unit=limit / above**2,
        age_seconds=observed.age_seconds,
    )


def backup_mark(config: Config, host: str, mountpoint: str) -> BackupFilesystem | None:
    """Return what the configuration says of this file system as one for backups, or None."""
    marks = config.exporter.targets.backup.filesystems if config.exporter.targets.backup.enabled else ()
    return next((mark for mark in marks if mark.mountpoint == mountpoint and mark.host in {None, host}), None)
