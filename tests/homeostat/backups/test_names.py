"""Names of snapshots: what each tool writes is read, and nothing else is."""

from __future__ import annotations

import pytest

from homeostat.backups.names import place_of, read_name
from tests.homeostat.backups.facts import DAY, HOUR, backup, berlin

TWO = {"sources": {"data": "/srv/data", "data.old": "/srv/old"}}
BTRBK = {
    "data.20260131T0200": ("data", berlin(2026, 1, 31, 2)),
    "data.20260131T0200_1": ("data", berlin(2026, 1, 31, 2)),
    "data.20260131T020005+0100": ("data", berlin(2026, 1, 31, 2, 0, 5)),
    "data.20260131T020005-0500": ("data", berlin(2026, 1, 31, 8, 0, 5)),
    "data.old.20260131T0200": ("data.old", berlin(2026, 1, 31, 2)),
}
NONE = [
    "data", "data.", "data.2026", "data.20260132", "data.20260131T2500", "data.20260131T0200.incomplete", "data.20260131.part", "data.20260131T0200_",
    "Data.20260131", "other.20260131", "data20260131", "data.20260131T0200\n", "data.٢٠٢٦٠١٣١", "homeostat-service-restart-0a1b2c3d", "..", "",
    "data.00000000", "data.99999999", "data.20260131T020005+9999", "-rf", "data.20260131/..",
]  # fmt: skip


@pytest.mark.parametrize("name", BTRBK)
def test_btrbks_names_are_read(name: str) -> None:
    read = read_name(backup(**TWO), name)
    assert read is not None
    assert (read.source, read.earliest, read.latest) == (BTRBK[name][0], BTRBK[name][1], BTRBK[name][1])


@pytest.mark.parametrize("name", NONE)
def test_what_is_named_otherwise_is_none_of_it(name: str) -> None:
    assert read_name(backup(**TWO), name) is None


@pytest.mark.parametrize(("day", "hours"), [((2026, 1, 31), 24), ((2026, 3, 29), 23), ((2026, 10, 25), 25)])
def test_a_name_of_a_day_means_that_day_of_the_calendar_however_long_it_is(day: tuple[int, int, int], hours: int) -> None:
    read = read_name(backup(), f"data.{day[0]}{day[1]:02}{day[2]:02}")
    assert read is not None
    assert (read.earliest, read.latest) == (berlin(*day), berlin(*day) + hours * HOUR - 1)
    assert read.taken_at(berlin(*day, 5)) == berlin(*day, 5)
    assert read.taken_at(berlin(*day) + 9 * DAY) == read.latest
    assert read.taken_at(0) == read.earliest


def test_in_the_hour_that_comes_twice_the_second_snapshot_is_an_hour_later() -> None:
    first, second = (read_name(backup(), f"data.20261025T0230{number}") for number in ("", "_1"))
    assert first is not None
    assert second is not None
    assert second.earliest - first.earliest == HOUR


@pytest.mark.parametrize(("time_format", "name", "at"), [
    ("-%Y-%m-%d_%H%M", "data-2026-01-31_0200", berlin(2026, 1, 31, 2)),
    ("@%Y%m%dT%H%M%S%z", "data@20260131T030000+0200", berlin(2026, 1, 31, 2)),
    ("-%Y-%m-%d_%H%M", "data-2026-1-31_0200", None),
    ("-%Y-%m-%d_%H%M", "data-2026-01-31_0200.tmp", None),
])  # fmt: skip
def test_names_of_the_owners_own_are_read_exactly(time_format: str, name: str, at: float | None) -> None:
    read = read_name(backup(tool="other", time_format=time_format), name)
    assert (read.earliest if read is not None else None) == at


def test_days_weeks_and_months_are_those_of_the_backups_time_zone() -> None:
    midnight = berlin(2026, 1, 1)
    assert place_of(midnight, "Europe/Berlin") == ((2026, 1, 1), (2026, 1), (2026, 1))
    assert place_of(midnight, "UTC") == ((2025, 12, 31), (2026, 1), (2025, 12))
