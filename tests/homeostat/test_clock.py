"""Time: written as Alertmanager reads it."""

from __future__ import annotations

from homeostat.clock import SystemClock, rfc3339


def test_a_time_is_written_in_utc() -> None:
    assert rfc3339(1_700_000_000.9) == "2023-11-14T22:13:20Z"


def test_the_hosts_clock_goes_forward_and_sleeps() -> None:
    clock = SystemClock()
    began = clock.monotonic()
    clock.sleep(0.05)
    clock.sleep(0)
    clock.sleep(-1)
    assert 0.05 <= clock.monotonic() - began < 20
    assert clock.now() > 1_700_000_000
