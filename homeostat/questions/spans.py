"""The time that a question speaks of, from when to when, by what the clocks of a time zone show; pure."""

from __future__ import annotations

import dataclasses
import datetime
import re
from typing import TYPE_CHECKING

from homeostat.config.section import DAY, HOUR, MINUTE
from homeostat.config.units import Duration
from homeostat.time_intervals import local_time, zone

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = {
    "minute": MINUTE,
    "min": MINUTE,
    "m": MINUTE,
    "hour": HOUR,
    "h": HOUR,
    "day": DAY,
    "d": DAY,
    "week": 7 * DAY,
    "w": 7 * DAY,
    "month": 30 * DAY,
    "year": 365 * DAY,
    "y": 365 * DAY,
}
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "few": 3, "couple": 2}
_MOST_SECONDS = 400 * DAY
_NUMBER = r"\d{1,4}|an?|one|two|three|few|couple"
# Hours of a day; a night belongs to the day before its morning.
_HOURS = {"morning": (5, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (18, 32), "": (0, 24)}
_ASLEEP = r"overnight|while (?:i|we|everybody|everyone) (?:slept|(?:was|were) (?:asleep|sleeping|in bed))"
_CALENDAR = re.compile(
    rf"\b(?:(?P<since>since|from) )?(?:(?P<before>(?:the )?day before )?(?P<yesterday>yesterday)(?: (?P<part>morning|afternoon|evening|night))?"
    rf"|(?P<days>{_NUMBER}) days? ago|last (?P<last>night|evening)|(?P<asleep>{_ASLEEP})|(?:earlier )?(?P<today>today)|(?P<tonight>tonight)|this (?P<this>morning|afternoon|evening))\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    rf"\b(?P<back>(?:last|past|previous) )?(?:(?P<number>{_NUMBER})\s*)?(?:of )?(?P<unit>minute|hour|day|week|month|year)s?\b",
    re.IGNORECASE,
)
_SHORT_SPAN = re.compile(
    r"\b(?P<back>(?:last|past|previous) )?(?P<number>\d{1,4})\s?(?P<unit>min|[mhdwy])\b", re.IGNORECASE
)


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """From when to when (Unix seconds), as of `now`; an `end` of None is now. `said` are the words for what lies in the past, empty where it is of now."""

    start: float
    end: float | None
    now: float
    said: str = ""

    @property
    def window(self) -> Duration:
        """How long it is."""
        return Duration(round((self.now if self.end is None else self.end) - self.start))

    def holds(self, moment: object) -> bool:
        """Say whether a moment lies in it; nothing does that is none."""
        return isinstance(moment, int | float) and self.start <= moment and (self.end is None or moment < self.end)

    def in_words(self, zone_name: str = "Local") -> str:
        """Say it as clocks of the zone show it: from 2026-11-25 00:00 CET to now."""
        return f"from {_shown(self.start, zone_name)} to {'now' if self.end is None else _shown(self.end, zone_name)}"


def span_of(text: str, usual: Duration, now: float, zone_name: str = "Local") -> Span:
    """Return the time that a text speaks of: last 3 days, 24h, this week as so long until now; yesterday, today, last night, 2 days ago by the calendar.

    It is at least a minute and at most 400 days; the usual one, until now, where the text speaks of none.
    """
    if (match := _CALENDAR.search(text)) is not None:
        return _of_calendar(match, now, zone_name)
    match = _SPAN.search(text) or _SHORT_SPAN.search(text)
    if match is None:
        return Span(now - usual, None, now)
    number = (match["number"] or "a").lower()
    seconds = (_NUMBERS.get(number) or int(number)) * _SECONDS[match["unit"].lower()]
    return Span(now - (min(seconds, _MOST_SECONDS) or usual), None, now, match[0] if match["back"] else "")


def told_at(text: str) -> Iterator[tuple[int, int]]:
    """Yield where in a text a time is told: from which letter, and before which."""
    return (match.span() for pattern in (_CALENDAR, _SPAN, _SHORT_SPAN) for match in pattern.finditer(text))


def _of_calendar(match: re.Match[str], now: float, zone_name: str) -> Span:
    days, part = _day(match, local_time(now, zone_name).hour)
    first, last = (_moment(now, zone_name, -days, hour) for hour in _HOURS[part])
    start = first if first < now - MINUTE else min(_moment(now, zone_name, -days, 0), now - MINUTE)
    return Span(
        start,
        None if match["since"] or last >= now else last,
        now,
        "" if match["today"] or match["tonight"] else match[0],
    )


def _day(match: re.Match[str], hour: int) -> tuple[int, str]:
    """Return how many days ago it was, and which part of that day is meant."""
    if match["tonight"]:
        # Before the evening it is the night that was.
        return (0 if hour >= _HOURS["night"][0] else 1), "night"
    if match["today"] or match["this"]:
        return 0, (match["this"] or "").lower()
    if match["days"]:
        number = match["days"].lower()
        return min(_NUMBERS.get(number) or int(number), _MOST_SECONDS // DAY), ""
    part = match["part"] or match["last"] or ("night" if match["asleep"] else "")
    return (2 if match["before"] else 1), part.lower()


def _moment(now: float, zone_name: str, days: int, hour: int) -> float:
    """Return when the clocks of the zone show that hour, so many days from today; an hour from 24 on is one of the day after."""
    day = local_time(now, zone_name).date() + datetime.timedelta(days=days + hour // 24)
    return datetime.datetime.combine(day, datetime.time(hour % 24), zone(zone_name)).timestamp()


def _shown(moment: float, zone_name: str) -> str:
    return f"{local_time(moment, zone_name):%Y-%m-%d %H:%M %Z}"
