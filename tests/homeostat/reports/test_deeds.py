"""What a report says was done, and what it says was not, stand apart."""

from __future__ import annotations

import msgspec
import pytest

from homeostat.reports.markdown import markdown
from homeostat.reports.model import Count, Record, Slot
from homeostat.reports.telling import tell
from tests.homeostat.reports import sample

HOUR, DAY = 3600.0, 86400.0


def section(record: Record, heading: str, days: float = 7) -> list[str]:
    """Return the lines of one section of a report of so many days that ends on Monday, 23 November 2026, 08:00 UTC."""
    whole = sample.report()
    asked = msgspec.structs.replace(whole.asked, period=f"{days:g}d", since=whole.asked.until - days * DAY)
    text = markdown(tell(msgspec.structs.replace(whole, asked=asked, record=record)))
    return [line for line in text.partition(f"## {heading}\n")[2].partition("\n## ")[0].splitlines() if line]


def slots(days: float, length: float) -> tuple[Slot, ...]:
    since = sample.UNTIL - days * DAY
    return tuple(Slot(begins_at=since + number * length, counts={"plain": 1} if number == 0 else {}) for number in range(round(days * DAY / length)))


def test_where_nothing_was_done_no_refusal_stands_under_what_was_done() -> None:
    refused = Record(mode="active", level="moderate", counts=(Count(action="disk-cleanup", target="/srv", outcome="refused", count=1),), slots=slots(7, DAY))
    assert section(refused, "What was done") == ["Nothing was done."]
    assert section(refused, "What was not done") == ["1 refused."]


@pytest.mark.parametrize(
    ("days", "length", "told"),
    [
        pytest.param(1, 3 * HOUR, ["- 08:00: 1 nothing done"], id="a day by the hour"),
        pytest.param(7, DAY, ["A day lasts here from 08:00 of its date to 08:00 of the next.", "- Mon 16: 1 nothing done"], id="a week by weekday and date"),
        pytest.param(30, DAY, ["A day lasts here from 08:00 of its date to 08:00 of the next.", "- Oct 24: 1 nothing done"], id="a month by date"),
    ],
)
def test_how_incidents_ended_is_told_by_parts_whose_names_say_what_they_hold(days: float, length: float, told: list[str]) -> None:
    assert section(Record(mode="active", level="moderate", slots=slots(days, length)), "How incidents ended", days) == told
