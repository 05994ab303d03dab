"""When the main process of a service was started, in Unix seconds: a later moment says that it was deployed afresh, and stays up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor import unit
from actor.kinds import Measure
from actor.model import StepFailed

if TYPE_CHECKING:
    from actor.model import Case


def _read(case: Case) -> float:
    assert case.service is not None
    state = unit.show(case.service)
    if not state.active or state.started_at is None:
        raise StepFailed(f"{case.target} does not run, or its manager does not tell since when")
    return state.started_at


MEASURE = Measure(read=_read, acts_on=("service",))
