"""What became of predictions, from when they were asserted, when the limit was reached and when somebody acted."""

from __future__ import annotations

import pytest

from homeostat.reports.model import Acted, Asked, Foreseen, Past
from homeostat.reports.predictions import judge, stretches

DAY, HOUR = 86400.0, 3600.0
WEEK = Asked(host="nas", period="7d", since=7 * DAY, until=14 * DAY)
Times = tuple[tuple[float, float], ...]


def judged(asserted: Times = (), at_limit: tuple[float, ...] = (), acted: tuple[float, ...] = ()) -> list[tuple[str, float | None]]:
    past = Past(step=HOUR, foreseen=(Foreseen(problem="disk_exhaustion", target="/srv", resource="filesystem", asserted=asserted, at_limit=stretches(at_limit, HOUR)),))
    return [(one.became, one.made_at) for one in judge(past, [Acted(problem="disk_exhaustion", target="/srv", at=at) for at in acted], WEEK)]


@pytest.mark.parametrize(
    ("asserted", "at_limit", "acted", "became"),
    [
        pytest.param(((8 * DAY, 9 * DAY),), (9 * DAY,), (), "came true", id="reached"),
        pytest.param(((5 * DAY, 9 * DAY),), (9 * DAY,), (), "came true", id="foreseen-before-the-period"),
        pytest.param(((8 * DAY, 9 * DAY),), (), (9 * DAY,), "averted", id="acted-on"),
        pytest.param(((8 * DAY, 9 * DAY),), (), (7.5 * DAY,), "gone", id="acted-on-before-it-was-foreseen"),
        pytest.param(((8 * DAY, 9 * DAY),), (), (), "gone", id="by-itself"),
        pytest.param(((8 * DAY, 14 * DAY),), (), (), "open", id="not-yet"),
        pytest.param(((8 * DAY, 14 * DAY),), (), (9 * DAY,), "open", id="acted-on-in-vain"),
    ],
)
def test_a_prediction_ends_in_one_way(asserted: Times, at_limit: tuple[float, ...], acted: tuple[float, ...], became: str) -> None:
    assert judged(asserted, at_limit, acted) == [(became, asserted[0][0])]


def test_a_limit_that_was_reached_with_nothing_said_before_is_unforeseen() -> None:
    assert judged(at_limit=(9 * DAY, 9 * DAY + HOUR)) == [("unforeseen", None)]
    assert judged(asserted=((9 * DAY, 10 * DAY),), at_limit=(9 * DAY, 9 * DAY + HOUR)) == [("unforeseen", None)]


def test_what_was_at_its_limit_all_along_or_ended_before_the_period_is_no_news() -> None:
    assert judged(at_limit=tuple(6 * DAY + number * HOUR for number in range(200))) == []
    assert judged(asserted=((DAY, 2 * DAY),), at_limit=(2 * DAY,)) == []


def test_the_latest_comes_first() -> None:
    assert judged(((8 * DAY, 9 * DAY), (11 * DAY, 12 * DAY)), (9 * DAY,)) == [("gone", 11 * DAY), ("came true", 8 * DAY)]


def test_readings_are_one_stretch_until_two_are_missing() -> None:
    assert stretches((0, 10, 20, 40, 70), 10) == ((0, 40), (70, 70))
    assert stretches((), 10) == ()
