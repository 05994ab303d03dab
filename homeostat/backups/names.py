"""Names of snapshots, as btrbk and others write them: what each is of, and when it was taken."""

from __future__ import annotations

import datetime
import functools
import re
from typing import TYPE_CHECKING, NamedTuple

from homeostat.time_intervals import local_time, zone

if TYPE_CHECKING:
    from homeostat.config.backups import Backup

# btrbk.conf(5), timestamp_format: short, long, long-iso; a second one of the same time has a number.
_BTRBK = re.compile(r"\.(?P<day>[0-9]{8})(?:T(?:(?P<minute>[0-9]{4})|(?P<second>[0-9]{6})(?P<offset>[+-][0-9]{4})))?(?:_(?P<number>[0-9]+))?")
_TELLS_HOURS = re.compile(r"%[HIXc]")


class Named(NamedTuple):
    """What a name says: the source's word, and between which moments (Unix seconds) the snapshot was taken; they are one where the name tells the time."""

    source: str
    earliest: float
    latest: float

    def taken_at(self, made_at: float) -> float:
        """Return when it was taken: where the name tells the day alone, when the file system made it, within that day."""
        return min(max(self.earliest, made_at), self.latest)


def read_name(backup: Backup, name: str) -> Named | None:
    """Return what the name of an entry of the backup's folder says; None for what is not named so, or by a time that never was."""
    read = _by_btrbk if backup.tool == "btrbk" else _by_format
    for source in sorted(backup.sources, key=len, reverse=True):
        if name.startswith(source):
            try:
                found = read(backup, source, name.removeprefix(source))
            except (ValueError, OverflowError, OSError):
                found = None
            if found is not None:
                return found
    return None


def _by_btrbk(backup: Backup, source: str, rest: str) -> Named | None:
    match = _BTRBK.fullmatch(rest)
    if match is None:
        return None
    day = match["day"]
    if match["second"] is not None:
        at = datetime.datetime.strptime(f"{day}{match['second']}{match['offset']}", "%Y%m%d%H%M%S%z").timestamp()
        return Named(source, at, at)
    if match["minute"] is None:
        return _of_day(backup, source, datetime.datetime.strptime(day, "%Y%m%d"))  # noqa: DTZ007 - it is told in the backup's zone
    # In the hour that the clocks show twice a second snapshot bears a number.
    fold = 1 if match["number"] else 0
    at = _moment(backup, datetime.datetime.strptime(day + match["minute"], "%Y%m%d%H%M"), fold)  # noqa: DTZ007 - likewise
    return Named(source, at, at)


def _by_format(backup: Backup, source: str, rest: str) -> Named | None:
    assert backup.time_format is not None
    read = datetime.datetime.strptime(rest, backup.time_format)  # noqa: DTZ007 - it is told in the backup's zone unless it names one
    if read.strftime(backup.time_format) != rest:
        # A 1 in place of 01 is not what the tool writes.
        return None
    if read.tzinfo is not None:
        return Named(source, read.timestamp(), read.timestamp())
    if _TELLS_HOURS.search(backup.time_format) is None:
        return _of_day(backup, source, read)
    at = _moment(backup, read)
    return Named(source, at, at)


def _of_day(backup: Backup, source: str, day: datetime.datetime) -> Named:
    # A day of the calendar, which has 23, 24 or 25 hours.
    return Named(source, _moment(backup, day), _moment(backup, day + datetime.timedelta(days=1)) - 1)


def _moment(backup: Backup, local: datetime.datetime, fold: int = 0) -> float:
    return local.replace(tzinfo=zone(backup.timezone), fold=fold).timestamp()


class Place(NamedTuple):
    """Where a moment lies in the calendar of a time zone."""

    day: tuple[int, ...]
    week: tuple[int, ...]
    month: tuple[int, ...]


@functools.lru_cache(maxsize=4096)
def place_of(at: float, zone_name: str) -> Place:
    """Return the day, the week (as ISO 8601 counts them) and the month in which a moment (Unix seconds) lies."""
    local = local_time(at, zone_name)
    return Place((local.year, local.month, local.day), tuple(local.isocalendar()[:2]), (local.year, local.month))
