"""Whether a service runs otherwise than it is declared: 0 when what runs is what its files and its image's name say, else 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.deployments import plans
from actor.kinds import Measure

if TYPE_CHECKING:
    from actor.model import Case


def _read(case: Case) -> float:
    return float(bool(plans.drift(case)))


MEASURE = Measure(read=_read, acts_on=("service",))
