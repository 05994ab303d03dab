"""The time that a question speaks of: so long until now, or a part of the calendar as the clocks of a zone show it."""

from __future__ import annotations

import datetime

import pytest

from homeostat.config.section import DAY, HOUR, MINUTE
from homeostat.config.units import Duration
from homeostat.questions.spans import Span, span_of

BERLIN = "Europe/Berlin"


def at(written: str) -> float:
    return datetime.datetime.fromisoformat(written).timestamp()


# A Thursday afternoon in winter.
NOW = at("2026-11-26T15:30:00+01:00")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("in the last 3 days", 3 * DAY), ("this week", 7 * DAY), ("the last hour", HOUR), ("last 24h", DAY), ("30 min", 30 * MINUTE), ("a few hours", 3 * HOUR), ("a couple of days", 2 * DAY),
        ("in 9999 years", 400 * DAY), ("0 days", 5 * MINUTE), ("whenever", 5 * MINUTE), ("the last 2 weeks", 14 * DAY), ("last month", 30 * DAY),
    ],
)  # fmt: skip
def test_so_long_until_now_is_read_within_bounds(text: str, seconds: float) -> None:
    span = span_of(text, Duration(5 * MINUTE), NOW)
    assert (NOW - span.start, span.end, span.window) == (seconds, None, seconds)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("what did you do yesterday?", "from 2026-11-25 00:00 CET to 2026-11-26 00:00 CET"), ("since yesterday", "from 2026-11-25 00:00 CET to now"), ("today", "from 2026-11-26 00:00 CET to now"),
        ("the day before yesterday", "from 2026-11-24 00:00 CET to 2026-11-25 00:00 CET"), ("Yesterday evening", "from 2026-11-25 18:00 CET to 2026-11-26 00:00 CET"),
        ("last night", "from 2026-11-25 18:00 CET to 2026-11-26 08:00 CET"), ("while I was asleep", "from 2026-11-25 18:00 CET to 2026-11-26 08:00 CET"), ("overnight", "from 2026-11-25 18:00 CET to 2026-11-26 08:00 CET"),
        ("this morning", "from 2026-11-26 05:00 CET to 2026-11-26 12:00 CET"), ("this afternoon", "from 2026-11-26 12:00 CET to now"), ("this evening", "from 2026-11-26 00:00 CET to now"),
        ("3 days ago", "from 2026-11-23 00:00 CET to 2026-11-24 00:00 CET"), ("since two days ago", "from 2026-11-24 00:00 CET to now"), ("tonight", "from 2026-11-25 18:00 CET to 2026-11-26 08:00 CET"),
        ("last 24h", "from 2026-11-25 15:30 CET to now"),
    ],
)  # fmt: skip
def test_a_part_of_the_calendar_is_that_of_the_zone(text: str, told: str) -> None:
    assert span_of(text, Duration(DAY), NOW, BERLIN).in_words(BERLIN) == told


def test_a_day_on_which_clocks_are_changed_has_its_own_length() -> None:
    span = span_of("yesterday", Duration(DAY), at("2026-10-26T09:00:00+01:00"), BERLIN)
    assert span.window == 25 * HOUR
    assert span.in_words(BERLIN) == "from 2026-10-25 00:00 CEST to 2026-10-26 00:00 CET"


def test_in_the_night_the_last_one_still_lasts_and_yesterday_is_over() -> None:
    early = at("2026-11-26T01:00:00+01:00")
    assert span_of("last night", Duration(DAY), early, BERLIN).in_words(BERLIN) == "from 2026-11-25 18:00 CET to now"
    assert span_of("yesterday", Duration(DAY), early, BERLIN).end == at("2026-11-26T00:00:00+01:00")
    # A day that has just begun is no less than a minute.
    assert span_of("today", Duration(DAY), at("2026-11-26T00:00:05+01:00"), BERLIN).window == MINUTE


def test_what_is_at_its_end_is_no_more_in_it() -> None:
    span = Span(10.0, 20.0, 30.0)
    assert [span.holds(moment) for moment in (9.9, 10.0, 20.0, None)] == [False, True, False, False]
    assert Span(10.0, None, 30.0).holds(25.0)
