"""An amount is said in the same words wherever people read it: pages, pictures, plans, the command line, and the exporter's explanations."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting import explain
from homeostat.amounts import amount

DAY = 86400.0


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0, "bytes", "0 B"), (999, "bytes", "999 B"), (999.7, "bytes", "1 kB"), (1024, "bytes", "1.02 kB"), (-5 * 2**20, "bytes", "-5.24 MB"), (3e9, "bytes", "3 GB"),
        (3 * 2**51, "bytes", "6.76 PB"), (0.943, "ratio", "94.3 %"), (1.0, "ratio", "100 %"), (0.0, "ratio", "0 %"), (7200, "seconds", "2 h"), (1.5 * DAY, "seconds", "1.5 d"),
        (-90, "seconds", "-1.5 min"), (0.25, "", "0.25"), (1234, "", "1.23 k"), (math.nan, "bytes", "unknown"), (math.inf, "", "unknown"),
    ],
)  # fmt: skip
def test_an_amount_is_written_as_people_say_it(value: float, unit: str, said: str) -> None:
    assert amount(value, unit) == said


@given(st.floats(1.0, 1e17), st.sampled_from((1, -1)), st.sampled_from(("bytes", "ratio", "seconds")), st.sampled_from(("", "+")))
def test_forecasting_which_imports_nothing_of_ours_says_it_in_the_same_words(size: float, way: int, unit: str, sign: str) -> None:
    assert explain.amount(way * size, unit, sign) == amount(way * size, unit, sign)
