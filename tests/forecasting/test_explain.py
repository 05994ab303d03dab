"""A forecast's sentence says its amounts in the series' own unit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forecasting import Limit, Question, Series, Terms, forecast
from forecasting.explain import amount

DAY = 86400.0
GIB = 1024.0**3
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (2 * GIB, "bytes", "2 GiB"), (1023.0, "bytes", "0.999 KiB"), (12.0, "bytes", "12 B"), (-3.5 * 1024, "bytes", "-3.5 KiB"), (1e30, "bytes", "8.88e+14 PiB"),
        (0.035, "ratio", "3.5 %"), (5400.0, "seconds", "1.5 h"), (-90.0, "seconds", "-1.5 min"), (12345.6, "", "1.235e+04"), (math.inf, "seconds", "inf"),
    ],
)  # fmt: skip
def test_an_amount_is_said_in_its_unit(value: float, unit: str, said: str) -> None:
    assert amount(value, unit) == said


def test_a_rise_has_its_sign_where_it_is_asked_for() -> None:
    assert [amount(1.5 * GIB, "bytes", "+"), amount(0.5, "ratio", "+"), amount(60.0, "seconds", "+"), amount(2.0, "", "+")] == ["+1.5 GiB", "+50 %", "+1 min", "+2"]


@pytest.mark.parametrize(("step", "words"), [(600.0, ("GiB a day", "GiB are left")), (3600.0 * 2, ("per second", "GiB are left"))])
def test_both_laws_speak_in_it(step: float, words: tuple[str, str]) -> None:
    times = NOW - np.arange(int(7 * DAY / step))[::-1] * step
    series = Series(times, (80 + 2 * (times - NOW) / DAY + np.sin(times / 9000)) * GIB)
    [answer] = forecast([Question(series, Limit(100 * GIB), (7 * DAY,), Terms(NOW, unit="bytes"))])
    assert [word in answer.explanation for word in words] == [True, True], answer.explanation
    assert "e+" not in answer.explanation
