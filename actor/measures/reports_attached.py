"""How many reports are attached to the incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Measure

if TYPE_CHECKING:
    from actor.model import Case


def _read(case: Case) -> float:
    return float(case.annals.reports())


MEASURE = Measure(read=_read)
