"""A forecast's sentence says its amounts in the series' own unit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecasting import Limit, Question, Series, Terms, forecast
from forecasting.explain import amount

DAY = 86400.0
GB = 1e9
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (2 * GB, "bytes", "2 GB"), (999.7, "bytes", "1 kB"), (12.0, "bytes", "12 B"), (-3500.0, "bytes", "-3.5 kB"), (1e30, "bytes", "1e+15 PB"),
        (0.035, "ratio", "3.5 %"), (5400.0, "seconds", "1.5 h"), (-90.0, "seconds", "-1.5 min"), (12345.6, "", "1.235e+04"), (math.inf, "seconds", "inf"),
    ],
)  # fmt: skip
def test_an_amount_is_said_in_its_unit(value: float, unit: str, said: str) -> None:
    assert amount(value, unit) == said


def test_a_rise_has_its_sign_where_it_is_asked_for() -> None:
    assert [amount(1.5 * GB, "bytes", "+"), amount(0.5, "ratio", "+"), amount(60.0, "seconds", "+"), amount(2.0, "", "+")] == ["+1.5 GB", "+50 %", "+1 min", "+2"]


@pytest.mark.parametrize(("step", "words"), [(600.0, ("GB a day", "GB are left")), (3600.0 * 2, ("per second", "GB are left"))])
def test_both_laws_speak_in_it(step: float, words: tuple[str, str]) -> None:
    times = NOW - np.arange(int(7 * DAY / step))[::-1] * step
    series = Series(times, (80 + 2 * (times - NOW) / DAY + np.sin(times / 9000)) * GB)
    [answer] = forecast([Question(series, Limit(100 * GB), (7 * DAY,), Terms(NOW, unit="bytes"))])
    assert [word in answer.explanation for word in words] == [True, True], answer.explanation
    assert "e+" not in answer.explanation
