"""Whether a service is up: 1 when its manager says active and its health probe, where it has one, passes; else 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor import unit
from actor.kinds import Measure
from homeostat import shell

if TYPE_CHECKING:
    from actor.model import Case

_PROBE_SECONDS = 10


def _read(case: Case) -> float:
    assert case.service is not None
    healthy = case.service.health is None or shell.run(case.service.health, _PROBE_SECONDS).ok
    return float(healthy and unit.show(case.service).active)


MEASURE = Measure(read=_read, acts_on=("service",))
