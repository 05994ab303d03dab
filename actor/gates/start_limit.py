"""systemd gives a unit up that is started too often: a restart must not be the one too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Gate
from actor.model import Situation, Verdict

if TYPE_CHECKING:
    from actor.model import StartLimit


def _ask(situation: Situation) -> Verdict:
    if situation.service is None:
        return Verdict("allow", "no service is touched", {})
    if situation.unit_state is None:
        return Verdict("refuse", "the manager does not say how the service is", {"manager": situation.service.manager})
    if situation.unit_state.start_limit is None:
        return Verdict("allow", "it has no start limit", {})
    return _within(situation, situation.unit_state.start_limit)


def _within(situation: Situation, limit: StartLimit) -> Verdict:
    counted = situation.surroundings.starts
    if counted is None:
        return Verdict("refuse", "nothing tells how often it was started within its start limit", {"burst": limit.burst})
    starts = max(counted, _own_restarts(situation, limit))
    seen = {"starts": starts, "burst": limit.burst, "within_seconds": limit.within_seconds}
    if limit.bears_another_after(starts):
        return Verdict("allow", "its start limit is far enough", seen)
    if limit.within_seconds is None:
        return Verdict("refuse", f"it may be started only {limit.burst} times until the next boot", seen)
    reason = f"another start would come too near its limit of {limit.burst} in {limit.within_seconds:g} s"
    return Verdict("defer", reason, seen, situation.now + limit.within_seconds)


def _own_restarts(situation: Situation, limit: StartLimit) -> int:
    runs = (run for run in situation.executions if run.target == situation.incident.target and run.action_class not in {"cleanup", "read"})
    return sum(limit.within_seconds is None or situation.now - run.started_at < limit.within_seconds for run in runs)


GATE = Gate(order=145, ask=_ask)
