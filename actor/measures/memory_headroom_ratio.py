"""How much room a host's memory has: the share that is available, less the share of the last ten seconds in which all work waited for memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Measure
from actor.model import StepFailed
from homeostat import pressure

if TYPE_CHECKING:
    from actor.model import Case


def _read(case: Case) -> float:
    del case
    try:
        available_ratio = pressure.memory().available_ratio
    except (OSError, ValueError) as fault:
        raise StepFailed(f"how much memory is available cannot be read: {fault}") from None
    waiting = pressure.waiting_for("memory")
    return available_ratio - (waiting.full.of_ten_seconds if waiting is not None else 0.0)


MEASURE = Measure(read=_read, acts_on=("host",))
