"""The memory of a service as a share of its limit, or of the host where it has none."""

from __future__ import annotations

import os

from actor import unit
from actor.kinds import Measure
from actor.model import Case, StepFailed


def _read(case: Case) -> float:
    assert case.service is not None
    memory_bytes = unit.show(case.service).memory_bytes
    if memory_bytes is None:
        raise StepFailed("the memory of the service is not known: neither its manager nor /proc tells it")
    host_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return memory_bytes / (case.service.memory_limit or host_bytes)


MEASURE = Measure(read=_read, acts_on=("service",))
