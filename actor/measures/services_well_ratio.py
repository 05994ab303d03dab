"""How many of a service and those that need it are up: 1 when all are, else half of their share, so that all is far from nearly all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor import unit
from actor.kinds import Measure
from actor.model import StepFailed

if TYPE_CHECKING:
    from actor.model import Case


def _read(case: Case) -> float:
    names = (case.target, *case.reaches)
    well = sum(_is_well(case, name) for name in names)
    return 1.0 if well == len(names) else well / len(names) / 2


def _is_well(case: Case, name: str) -> bool:
    try:
        return unit.is_well(case.config.services[name])
    except StepFailed:
        # Of what nobody tells anything nobody can say that it is well.
        return False


MEASURE = Measure(read=_read, acts_on=("service",))
