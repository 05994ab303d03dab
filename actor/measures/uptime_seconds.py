"""How long this host has been up, by the steady clock of whoever does the deeds: time goes on, and the measurer answers."""

from __future__ import annotations

from actor.model import Case, Measure
from homeostat.clock import SystemClock


def _read(case: Case) -> float:
    del case
    return SystemClock().monotonic()


MEASURE = Measure(read=_read)
