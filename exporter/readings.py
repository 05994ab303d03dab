"""How a series becomes a reading: what is left of a size, what is used of a limit, what falls towards one; and marked backups."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from exporter.model import Reading
from forecasting import Limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.model import Key, Observed
    from homeostat.config import Config
    from homeostat.config.targets import BackupFilesystem, FreeTarget

log = logging.getLogger(__name__)

# A name stands on up to forty lines of the page, and those of a hundred thousand series are held in memory.
MOST_LETTERS = 256


def of_short_names(name: str, readings: Iterable[Reading]) -> list[Reading]:
    """Leave out, with a line, what has a longer name than may be repeated on every line of the page; `name` is the watch's."""
    read = list(readings)
    kept = [reading for reading in read if max(len(reading.key.host), len(reading.key.target)) <= MOST_LETTERS]
    if len(kept) < len(read):
        log.warning("target %s: %d not read, host or target have more than %d letters", name, len(read) - len(kept), MOST_LETTERS)
    return kept


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
    """Read what falls towards a limit (in the series' unit); None where the limit is none."""
    if not limit > 0:
        return None
    usage_of = functools.partial(_falling_usage, limit)
    return Reading(
        key=key,
        series=observed.series,
        limit=Limit(limit, "down"),
        unit=unit,
        action_horizon_seconds=action_horizon_seconds,
        usage_ratio=usage_of(observed.value),
        usage_per_unit=limit / max(observed.value, limit) ** 2,
        age_seconds=observed.age_seconds,
        usage_of=usage_of,
    )


def _falling_usage(limit: float, value: float) -> float:
    """Return limit over value; past the limit, where that soon means nothing, it goes on in its tangent."""
    above = max(value, limit)
    return limit / above + (above - value) / limit


def backup_mark(config: Config, host: str, mountpoint: str) -> BackupFilesystem | None:
    """Return what the configuration says of this file system as one for backups, or None."""
    marks = config.exporter.targets.backup.filesystems if config.exporter.targets.backup.enabled else ()
    return next((mark for mark in marks if mark.mountpoint == mountpoint and mark.host in {None, host}), None)
