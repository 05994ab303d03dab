"""Public leak cases at earlier ends: nothing after the end is seen, and a leak that begins later is none yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.earlier import ENDS, ends, looks

DAY, NOW = 86400.0, 1_700_604_300.0


def case(onset: float) -> dict[str, Any]:
    times = NOW - 300.0 * np.arange(2015, -1, -1)
    return {"ts": times.tolist(), "values": np.sin(times / 9000).tolist(), "now": NOW, "label": 1, "onset": onset, "slope_per_h": 2.0}


def test_it_is_looked_at_every_three_hours_from_its_second_day_to_its_end() -> None:
    times = ends(case(NOW))
    assert times.size == ENDS
    assert times[0] == NOW - 6 * DAY
    assert times[-1] == NOW
    assert set(np.diff(times)) == {3 * 3600.0}


def test_a_look_sees_nothing_after_its_end() -> None:
    seen = list(looks(7, case(NOW - 7 * DAY)))
    assert [look.end for look in seen] == list(range(ENDS))
    for look in seen:
        assert look.row == 7
        assert look.memory.times[-1] == look.memory.now == ends(case(NOW))[look.end]


def test_what_leaks_later_does_not_leak_yet() -> None:
    assert [look.memory.per_hour for look in looks(0, case(NOW - 3 * DAY + 1))] == [0.0] * 25 + [2.0] * 24
