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
_QUARTER_SECONDS, _DAY_SECONDS, YEAR_DAYS = 900, 86400, 366


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
    for moment in itertools.chain([start], changes(intervals, start, end), [end]):
        is_active = moment < end and active(intervals, moment)
        if is_active and opened is None:
            opened = moment
        if opened is not None and not is_active:
            yield opened, moment
            opened = None


def next_opening(intervals: Sequence[TimeInterval], timestamp: float, within_days: int = YEAR_DAYS) -> float | None:
    """Return the first moment from `timestamp` on (Unix seconds) at which one of the intervals is active, None if not so soon."""
    moments = itertools.chain([timestamp], changes(intervals, timestamp, timestamp + within_days * _DAY_SECONDS))
    return next((moment for moment in moments if active(intervals, moment)), None)


def changes(intervals: Iterable[TimeInterval], start: float, end: float) -> Iterator[float]:
    """Yield, in order, all moments between `start` and `end` (Unix seconds) at which one of the intervals may begin or cease to hold."""
    intervals = tuple(intervals)
    while start < end:
        day_end = start + _DAY_SECONDS
        turns = {turn for interval in intervals for turn in _turns(interval, start, day_end)}
        yield from sorted(turn for turn in turns if start < turn <= day_end and turn < end)
        start = day_end


def _turns(interval: TimeInterval, start: float, end: float) -> Iterator[float]:
    """Yield the moments of a day, and some about it, between which nothing changes for an interval."""
    first, last = local_time(start, interval.location), local_time(end, interval.location)
    days = [first.date() + datetime.timedelta(days=number) for number in range((last.date() - first.date()).days + 1)]
    fitting = {_fits(interval, day) for day in days}
    if fitting == {False} or (fitting == {True} and not interval.times):
        return
    minutes = {0} | {minute for times in interval.times for minute in times.minutes}
    offset = first.utcoffset()
    if offset is not None and offset == last.utcoffset():
        for day, minute in itertools.product(days, minutes):
            local = datetime.datetime.combine(day, datetime.time(), datetime.UTC) + datetime.timedelta(minutes=minute)
            yield (local - offset).timestamp()
        return
    # Clocks are changed in here: in every zone by quarters of an hour, and at one of them.
    for quarter, minute in itertools.product(range(int(start // _QUARTER_SECONDS), int(end // _QUARTER_SECONDS) + 1), {minute % 15 for minute in minutes}):
        yield float(quarter * _QUARTER_SECONDS + minute * 60)


def _holds(interval: TimeInterval, moment: datetime.datetime) -> bool:
    minute = moment.hour * 60 + moment.minute
    return _within([times.minutes for times in interval.times], minute + 0.5) and _fits(interval, moment.date())


@functools.lru_cache(maxsize=4096)
def _fits(interval: TimeInterval, day: datetime.date) -> bool:
    month_days = calendar.monthrange(day.year, day.month)[1]
    days = [tuple(number + month_days + 1 if number < 0 else number for number in _range("day", written)) for written in interval.days_of_month]
    return (
        _within([_range("weekday", written) for written in interval.weekdays], day.isoweekday() % 7)
        and _within(days, day.day)
        and _within([_range("month", written) for written in interval.months], day.month)
        and _within([_range("year", written) for written in interval.years], day.year)
    )


def _within(ranges: Sequence[tuple[int, ...]], value: float) -> bool:
    return not ranges or any(first <= value <= last for first, last in ranges)


@functools.cache
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
