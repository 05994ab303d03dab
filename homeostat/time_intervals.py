"""Maintenance windows in the syntax of Alertmanager's `time_intervals`, meaning what they mean there (version 0.25)."""

from __future__ import annotations

import calendar
import datetime
import functools
import itertools
import re
import zoneinfo
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Range = tuple[int, int]

Written = str | int

_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_NUMBERS = {
    "weekday": {name: number for number, name in enumerate(_WEEKDAYS)},
    "month": {name.lower(): number for number, name in enumerate(calendar.month_name) if name},
    "day": {},
    "year": {},
}
_NUMBER = re.compile(r"[-+]?[0-9]{1,4}")
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31
_QUARTER_SECONDS, _DAY_SECONDS, _YEAR_DAYS = 900, 86400, 366


class TimeRange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times of day as `22:00` to `24:00`: from the start on, until before the end."""

    start_time: str
    """From then on, as in '02:00'."""
    end_time: str
    """Until then, up to '24:00'; what goes over midnight is two entries."""

    def __post_init__(self) -> None:
        """Refuse what is no time of day, and what ends before it starts."""
        for written in (self.start_time, self.end_time):
            if not _CLOCK.fullmatch(written):
                raise ValueError(f"{written!r} is no time of day; write it like 02:30, up to 24:00")
        if self.minutes[0] >= self.minutes[1]:
            raise ValueError(f"{self.start_time} must come before {self.end_time}; what goes over midnight is two times")

    @property
    def minutes(self) -> Range:
        """The first minute of the day that belongs to it, and the first that does no more."""
        return _minute(self.start_time), _minute(self.end_time)


class TimeInterval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The moments that fit every list that is given; of a list, one entry is enough. Ranges as `monday:friday` hold both ends."""

    times: tuple[TimeRange, ...] = ()
    """At which times of day."""
    weekdays: tuple[str, ...] = ()
    """On which days, as in saturday or monday:friday; weeks begin on sunday."""
    days_of_month: tuple[Written, ...] = ()
    """On which days of a month, as in 1:7; -1 is its last."""
    months: tuple[Written, ...] = ()
    """In which months, as in january:march or 1:3."""
    years: tuple[Written, ...] = ()
    """In which years, as in 2026."""
    location: str = "UTC"
    """In which time zone, as in Europe/Berlin; Local is the host's own."""

    def __post_init__(self) -> None:
        """Refuse what Alertmanager refuses, and months that are none."""
        zone(self.location)
        for kind, entries in (("weekday", self.weekdays), ("month", self.months), ("year", self.years)):
            for written in entries:
                _check_order(kind, written)
        for written in self.days_of_month:
            _check_days(written)


@functools.cache
def zone(name: str) -> datetime.tzinfo | None:
    """Return the time zone of the IANA's that is called so; None is `Local`, the host's own.

    Raises:
        ValueError: nobody knows it.

    """
    try:
        return None if name == "Local" else zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write it like UTC, Local or Europe/Berlin") from None


def local_time(timestamp: float, zone_name: str) -> datetime.datetime:
    """Return what the clocks of a zone show at `timestamp` (Unix seconds)."""
    return datetime.datetime.fromtimestamp(timestamp, tz=datetime.UTC).astimezone(zone(zone_name))


def active(intervals: Iterable[TimeInterval], timestamp: float) -> bool:
    """Say whether the moment (Unix seconds) lies in one of the intervals."""
    return any(_holds(interval, local_time(timestamp, interval.location)) for interval in intervals)


def stretches(intervals: Sequence[TimeInterval], start: float, end: float) -> Iterator[tuple[float, float]]:
    """Yield from when until when the intervals are active between `start` and `end` (Unix seconds), in order and apart."""
    opened = None
    for moment in _turns(intervals, start, end):
        is_active = moment < end and active(intervals, moment)
        if is_active and opened is None:
            opened = moment
        if opened is not None and not is_active:
            yield opened, moment
            opened = None


def next_opening(intervals: Sequence[TimeInterval], timestamp: float) -> float | None:
    """Return the first moment from `timestamp` on (Unix seconds) at which one of the intervals is active, None if not within a year."""
    for day in range(_YEAR_DAYS):
        start = timestamp + day * _DAY_SECONDS
        opening = next((moment for moment in _turns(intervals, start, start + _DAY_SECONDS) if active(intervals, moment)), None)
        if opening is not None:
            return opening
    return None


def _turns(intervals: Sequence[TimeInterval], start: float, end: float) -> list[float]:
    """Return the moments between which nothing changes, both ends among them.

    Days begin and zones change their offset at a quarter of an hour, times of day so many minutes after one.
    """
    minutes = {0} | {minute % 15 for interval in intervals for times in interval.times for minute in times.minutes}
    first = int(start // _QUARTER_SECONDS)
    quarters = range(first, int(end // _QUARTER_SECONDS) + 1)
    turns = (quarter * _QUARTER_SECONDS + minute * 60 for quarter, minute in itertools.product(quarters, sorted(minutes)))
    return [start, *(float(turn) for turn in turns if start < turn < end), end]


def _holds(interval: TimeInterval, moment: datetime.datetime) -> bool:
    minute = moment.hour * 60 + moment.minute
    month_days = calendar.monthrange(moment.year, moment.month)[1]
    days = [tuple(day + month_days + 1 if day < 0 else day for day in _range("day", written)) for written in interval.days_of_month]
    fitting = (
        ([times.minutes for times in interval.times], minute + 0.5),
        ([_range("weekday", written) for written in interval.weekdays], moment.isoweekday() % 7),
        (days, moment.day),
        ([_range("month", written) for written in interval.months], moment.month),
        ([_range("year", written) for written in interval.years], moment.year),
    )
    return all(not ranges or any(first <= value <= last for first, last in ranges) for ranges, value in fitting)


def _minute(written: str) -> int:
    hours, minutes = written.split(":")
    return int(hours) * 60 + int(minutes)


@functools.cache
def _range(kind: str, written: Written) -> Range:
    first, colon, last = str(written).lower().partition(":")
    return _number(kind, first), _number(kind, last if colon else first)


def _number(kind: str, word: str) -> int:
    names = _NUMBERS[kind]
    if word in names:
        return names[word]
    if kind == "weekday" or not _NUMBER.fullmatch(word):
        raise ValueError(f"{word!r} is no {kind}{'; write it like ' + next(iter(names)) if names else ''}")
    return int(word)


def _check_order(kind: str, written: Written) -> None:
    first, last = _range(kind, written)
    if first > last:
        raise ValueError(f"{written!r} ends before it starts; weeks begin on sunday, and what goes over the end is two entries")
    if kind == "month" and not 1 <= first <= last <= 12:
        raise ValueError(f"{written!r} is no month; write it like january or 1")


def _check_days(written: Written) -> None:
    first, last = _range("day", written)
    if 0 in {first, last} or max(abs(first), abs(last)) > _LONGEST_MONTH:
        raise ValueError(f"{written!r} is no day of a month; count from 1, or from -1 backwards from its end")
    least = [_SHORTEST_MONTH + day if day < 0 else day for day in (first, last)]
    if first < 0 < last or least[0] > least[1]:
        raise ValueError(f"{written!r} ends before it starts")
