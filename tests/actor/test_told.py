"""When a limit is expected to be reached is said before and after a deed, in the words of whoever knows."""

from __future__ import annotations

import math

import pytest

from actor.told import Outlook, expectation

DAY = 86400.0
FILLS = Outlook(growth=0.05 / DAY, limit_seconds=3 * DAY)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (FILLS, None, ", which at the pace of before is expected in 8d, and before was expected in 3d"),
        (FILLS, Outlook(growth=0.0, limit_seconds=math.inf), ", which by the new forecast is not expected to be reached, and before was expected in 3d"),
        (FILLS, Outlook(growth=0.1 / DAY, limit_seconds=4 * DAY), ", which by the new forecast is expected in 4d, and before was expected in 3d"),
        (Outlook(growth=0.0, limit_seconds=math.inf), None, ""),
        (None, Outlook(growth=0.1 / DAY, limit_seconds=4 * DAY), ""),
    ],
)
def test_the_new_forecast_is_told_and_until_there_is_one_the_pace_of_before(before: Outlook | None, now: Outlook | None, said: str) -> None:
    assert expectation(before, now, usage=0.6) == said


def test_a_limit_that_is_passed_already_is_expected_at_once() -> None:
    assert "is expected in 0s" in expectation(FILLS, None, usage=1.2)
