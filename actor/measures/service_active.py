"""Whether a service is up: 1 when its manager says active and its health probe, where it has one, passes; else 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor import unit
from actor.kinds import Measure

if TYPE_CHECKING:
    from actor.model import Case


def _read(case: Case) -> float:
    assert case.service is not None
    return float(unit.is_well(case.service))


MEASURE = Measure(read=_read, acts_on=("service",))
