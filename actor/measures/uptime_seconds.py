"""How long this host has been up, by the steady clock of whoever does the deeds: time goes on, and the measurer answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Measure
from homeostat.clock import SystemClock

if TYPE_CHECKING:
    from actor.model import Case


def _read(case: Case) -> float:
    del case
    return SystemClock().monotonic()


MEASURE = Measure(read=_read)
