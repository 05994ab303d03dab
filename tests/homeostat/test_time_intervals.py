"""Maintenance windows mean what they mean to Alertmanager, at every moment, in every zone."""

from __future__ import annotations

import calendar
import datetime
import itertools
import subprocess
import zoneinfo
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.config import Config, ConfigError, loads
from homeostat.time_intervals import TimeInterval, active, local_time, next_opening, stretches

if TYPE_CHECKING:
    import pathlib

MINUTE, HOUR, DAY = 60, 3600, 86400
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Auckland"]
WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
# From 2024, a leap year, into 2028.
MOMENTS = st.integers(1_704_067_200, 1_830_297_600)


def read(*intervals: dict[str, Any]) -> tuple[TimeInterval, ...]:
    return loads(yaml.safe_dump({"windows": list(intervals)}), Config, "case.yml").windows


def at(written: str, zone: str = "UTC", fold: int = 0) -> float:
    return datetime.datetime.fromisoformat(written).replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=fold).timestamp()


def ranges(least: int, most: int) -> st.SearchStrategy[str]:
    pairs = st.tuples(st.integers(least, most), st.integers(least, most)).map(sorted)
    return pairs.map(lambda pair: str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}:{pair[1]}")


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


TIMES = st.integers(0, 1439).flatmap(lambda start: st.tuples(st.just(start), st.integers(start + 1, 1440)))
NAMED_DAYS = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted).map(lambda pair: f"{WEEKDAYS[pair[0]]}:{WEEKDAYS[pair[1]]}")
DAYS = st.one_of(ranges(1, 31), ranges(-31, -1), st.integers(1, 20).map(lambda day: f"{day}:-1"))
INTERVALS = st.fixed_dictionaries(
    {},
    optional={
        "times": st.lists(TIMES.map(lambda pair: {"start_time": clock(pair[0]), "end_time": clock(pair[1])}), min_size=1, max_size=2),
        "weekdays": st.lists(st.one_of(st.sampled_from(WEEKDAYS), NAMED_DAYS), min_size=1, max_size=2),
        "days_of_month": st.lists(DAYS, min_size=1, max_size=2),
        "months": st.lists(ranges(1, 12), min_size=1, max_size=2),
        "years": st.lists(ranges(2024, 2028), min_size=1, max_size=2),
        "location": st.sampled_from(ZONES),
    },
)

CASES = {
    "a time of day, from its start": ({"times": [{"start_time": "02:00", "end_time": "05:00"}]}, "2026-01-10 02:00", True),
    "until before its end": ({"times": [{"start_time": "02:00", "end_time": "05:00"}]}, "2026-01-10 05:00", False),
    "the last minute of a day": ({"times": [{"start_time": "22:00", "end_time": "24:00"}]}, "2026-01-10 23:59:59", True),
    "a weekday": ({"weekdays": ["saturday"]}, "2026-01-10 12:00", True),
    "another weekday": ({"weekdays": ["saturday"]}, "2026-01-11 12:00", False),
    "a range of weekdays holds its last": ({"weekdays": ["monday:friday"]}, "2026-01-09 12:00", True),
    "sunday begins the week": ({"weekdays": ["Sunday:tuesday"]}, "2026-01-11 12:00", True),
    "the last day of a leap february": ({"days_of_month": [-1]}, "2028-02-29 12:00", True),
    "the day before it": ({"days_of_month": [-1]}, "2028-02-28 12:00", False),
    "the last three days": ({"days_of_month": ["-3:-1"]}, "2026-04-28 12:00", True),
    "from a day to the end": ({"days_of_month": ["15:-1"]}, "2026-04-14 12:00", False),
    "a day that this month lacks": ({"days_of_month": [31]}, "2026-04-30 12:00", False),
    "months by name": ({"months": ["november:December"]}, "2026-12-31 23:59", True),
    "months by number": ({"months": ["1:3", 5]}, "2026-05-01 00:00", True),
    "a year": ({"years": [2027]}, "2026-12-31 23:59", False),
    "years": ({"years": ["2026:2027"]}, "2027-12-31 23:59", True),
    "all lists must fit": ({"weekdays": ["saturday"], "months": ["may"]}, "2026-01-10 12:00", False),
    "elsewhere it is another hour": ({"times": [{"start_time": "02:00", "end_time": "03:00"}], "location": "Europe/Berlin"}, "2026-01-10 01:30", True),
    "and in summer another one": ({"times": [{"start_time": "02:00", "end_time": "03:00"}], "location": "Europe/Berlin"}, "2026-07-10 01:30", False),
    "an interval of nothing is always": ({}, "2026-01-10 12:00", True),
}


@pytest.mark.parametrize("name", CASES)
def test_a_moment_lies_in_an_interval(name: str) -> None:
    interval, moment, is_active = CASES[name]
    assert active(read(interval), at(moment)) == is_active


def test_of_several_intervals_one_is_enough_and_of_none_nothing_is_active() -> None:
    assert active(read({"years": [2000]}, {"weekdays": ["saturday"]}), at("2026-01-10 12:00"))
    assert not active((), at("2026-01-10 12:00"))


def test_a_night_spans_two_times_and_one_stretch() -> None:
    night = read({"times": [{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "04:07"}]})
    start = at("2026-01-10 12:00")
    assert list(stretches(night, start, start + 2 * DAY)) == [
        (at("2026-01-10 22:00"), at("2026-01-11 04:07")),
        (at("2026-01-11 22:00"), at("2026-01-12 04:07")),
    ]


def test_an_hour_that_comes_twice_is_active_twice_and_one_that_never_comes_not_at_all() -> None:
    half_past_two = read({"times": [{"start_time": "02:30", "end_time": "03:00"}], "location": "Europe/Berlin"})
    autumn, spring = at("2026-10-25 00:00"), at("2026-03-29 00:00")
    twice = [(at("2026-10-25 02:30", "Europe/Berlin", fold), at("2026-10-25 02:30", "Europe/Berlin", fold) + 1800) for fold in (0, 1)]
    assert list(stretches(half_past_two, autumn, autumn + 12 * HOUR)) == twice
    assert list(stretches(half_past_two, spring, spring + 12 * HOUR)) == []


def as_alertmanager_says(interval: dict[str, Any], timestamp: float) -> bool:
    """Say the same by another way: spelling out every minute, day, month and year that is meant."""
    moment = datetime.datetime.fromtimestamp(timestamp, zoneinfo.ZoneInfo(interval.get("location", "UTC")))
    length = calendar.monthrange(moment.year, moment.month)[1]

    def spelt(entry: str, names: list[str]) -> set[int]:
        ends = [names.index(word) if word in names else int(word) for word in entry.split(":")]
        first, last = (length + 1 + end if end < 0 else end for end in (ends[0], ends[-1]))
        return set(range(first, last + 1))

    minutes = {
        minute
        for each in interval.get("times", [{"start_time": "00:00", "end_time": "24:00"}])
        for minute in range(*(int(each[end][:2]) * 60 + int(each[end][3:]) for end in ("start_time", "end_time")))
    }
    values = {"weekdays": (moment.weekday() + 1) % 7, "days_of_month": moment.day, "months": moment.month, "years": moment.year}
    fits = [any(value in spelt(entry, WEEKDAYS) for entry in interval[name]) for name, value in values.items() if name in interval]
    return moment.hour * 60 + moment.minute in minutes and all(fits)


@given(INTERVALS, MOMENTS)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_a_moment_lies_in_it_as_spelt_out(interval: dict[str, Any], moment: int) -> None:
    assert active(read(interval), moment) == as_alertmanager_says(interval, moment)


@given(st.lists(INTERVALS, min_size=1, max_size=2), MOMENTS, st.integers(1, 3 * DAY))
@settings(max_examples=50, deadline=None)
def test_a_moment_is_active_exactly_where_it_lies_in_a_stretch(written: list[dict[str, Any]], start: int, length: int) -> None:
    intervals = read(*written)
    found = list(stretches(intervals, start, start + length))
    assert all(before[1] < after[0] for before, after in itertools.pairwise(found))
    assert all(start <= opened < closed <= start + length for opened, closed in found)
    for moment in range(start, start + length, 7 * MINUTE):
        assert active(intervals, moment) == any(opened <= moment < closed for opened, closed in found)


@given(st.lists(INTERVALS, min_size=1, max_size=2), MOMENTS)
@settings(max_examples=30, deadline=None)
def test_the_next_opening_is_the_first_moment_that_is_active(written: list[dict[str, Any]], start: int) -> None:
    intervals = read(*written)
    opening = next_opening(intervals, start)
    first = next(stretches(intervals, start, start + 3 * DAY), None)
    if first is not None:
        assert opening == first[0]
    elif opening is not None:
        assert active(intervals, opening)
        assert opening >= start + 3 * DAY
    else:
        assert not any(active(intervals, moment) for moment in range(start, start + 366 * DAY, 4321))


def test_local_is_this_hosts_own_zone() -> None:
    assert local_time(at("2026-01-10 12:00"), "Local").utcoffset() == datetime.datetime.fromtimestamp(at("2026-01-10 12:00")).astimezone().utcoffset()
    assert active(read({"location": "Local"}), 0.0)


REFUSED = {
    "windows:\n  - times: [{start_time: '25:00', end_time: '26:00'}]": "2: windows[0].times[0]: '25:00' is no time of day; write it like 02:30, up to 24:00",
    "windows:\n  - times: [{start_time: '2:00', end_time: '03:00'}]": "2: windows[0].times[0]: '2:00' is no time of day",
    "windows:\n  - times:\n    - {start_time: '22:00', end_time: '02:00'}": "3: windows[0].times[0]: 22:00 must come before 02:00; what goes over midnight is two times",
    "windows:\n  - times: [{start_time: '22:00'}]": "2: windows[0].times[0]: missing key 'end_time'",
    "windows:\n  - weekdays: [saturday:sunday]": "2: windows[0]: 'saturday:sunday' ends before it starts; weeks begin on sunday",
    "windows:\n  - weekdays: [mon]": "2: windows[0]: 'mon' is no weekday; write it like sunday",
    "windows:\n  - weekdays: ['1']": "2: windows[0]: '1' is no weekday",
    "windows:\n  - days_of_month: [0]": "2: windows[0]: 0 is no day of a month; count from 1, or from -1 backwards from its end",
    "windows:\n  - days_of_month: ['-1:5']": "2: windows[0]: '-1:5' ends before it starts",
    "windows:\n  - days_of_month: ['1:2:3']": "2: windows[0]: '2:3' is no day",
    "windows:\n  - months: [13]": "2: windows[0]: 13 is no month; write it like january or 1",
    "windows:\n  - months: ['december:january']": "2: windows[0]: 'december:january' ends before it starts",
    "windows:\n  - years: ['2027:2026']": "2: windows[0]: '2027:2026' ends before it starts",
    "windows:\n  - location: Berlin": "2: windows[0]: 'Berlin' is no time zone; write it like UTC, Local or Europe/Berlin",
    "windows:\n  - location: ../../etc/passwd": "2: windows[0]: '../../etc/passwd' is no time zone",
    "windows:\n  - weekday: [monday]": "2: windows[0].weekday: unknown key; did you mean 'weekdays'?",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_fault_names_its_line_and_what_would_be_right(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        loads(text, Config, "homeostat.yml")
    assert str(error.value).startswith(f"homeostat.yml:{REFUSED[text]}")
    assert len(str(error.value).splitlines()) == 1


def accepted_by_alertmanager(path: pathlib.Path, intervals: list[dict[str, Any]]) -> bool:
    named = [{"name": f"i{number}", "time_intervals": [interval]} for number, interval in enumerate(intervals)]
    path.write_text(yaml.safe_dump({"route": {"receiver": "r"}, "receivers": [{"name": "r"}], "time_intervals": named}))
    return subprocess.run(["amtool", "check-config", str(path)], capture_output=True, check=False).returncode == 0


@given(st.lists(INTERVALS, min_size=30, max_size=30))
@settings(max_examples=5, deadline=None)
def test_alertmanager_accepts_what_we_accept(tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, Any]]) -> None:
    read(*written)
    assert accepted_by_alertmanager(tmp_path_factory.mktemp("amtool") / "alertmanager.yml", written)


@pytest.mark.parametrize("text", [text for text in REFUSED if "months: [13]" not in text])
def test_alertmanager_refuses_what_we_refuse(tmp_path: pathlib.Path, text: str) -> None:
    assert not accepted_by_alertmanager(tmp_path / "alertmanager.yml", yaml.safe_load(text)["windows"])
