"""Time: written and read as Alertmanager does it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.clock import SystemClock, from_rfc3339, rfc3339


def test_a_time_is_written_in_utc() -> None:
    assert rfc3339(1_700_000_000.9) == "2023-11-14T22:13:20Z"


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_what_is_written_can_be_read(timestamp: int) -> None:
    assert from_rfc3339(rfc3339(timestamp)) == timestamp


@pytest.mark.parametrize("text", ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20.000Z", "2023-11-14T23:13:20+01:00", "2023-11-14T22:13:20.000000000Z"])
def test_what_alertmanager_writes_is_read(text: str) -> None:
    assert from_rfc3339(text) == 1_700_000_000


@pytest.mark.parametrize("text", ["", "yesterday", "2023-11-14", "2023-11-14T22:13:20"])
def test_what_is_no_time_with_a_zone_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        from_rfc3339(text)


def test_the_hosts_clock_goes_forward_and_sleeps() -> None:
    clock = SystemClock()
    began = clock.monotonic()
    clock.sleep(0.05)
    clock.sleep(0)
    clock.sleep(-1)
    assert 0.05 <= clock.monotonic() - began < 1
    assert clock.now() > 1_700_000_000
