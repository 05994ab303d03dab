"""Snapshots by their times, for tests of what is a pure function of them."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

import yaml

from homeostat.backups.snapshots import Snapshot
from homeostat.config import loads
from homeostat.config.backups import Backup

HOUR, DAY = 3600, 86400
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def backup(**changes: Any) -> Backup:
    """Read a backup as the configuration has it, of one source called data, told in Berlin's time."""
    return loads(yaml.safe_dump({"sources": {"data": "/srv/data"}, "directory": "/srv/backup", "timezone": "Europe/Berlin", **changes}), Backup, "homeostat.yml")


def taken(number: int, at: float, **changes: Any) -> Snapshot:
    """Return one snapshot of data."""
    return Snapshot(**{"name": f"data.{number}", "source": "data", "at": at, "number": number, "uuid": f"{number:032x}", **changes})


def berlin(*moment: int) -> float:
    """Return a moment that the clocks of Berlin show, in Unix seconds."""
    return datetime.datetime(*moment, tzinfo=BERLIN).timestamp()  # type: ignore[arg-type,misc]
