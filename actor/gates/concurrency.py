"""One action at a time: per target, per host, per action class."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict

_ASK_AGAIN_SECONDS = 5


def _ask(situation: Situation) -> Verdict:
    incident, playbook = situation.incident, situation.playbook
    for run in situation.executions:
        if run.ended_at is not None or run.incident_id == incident.id:
            continue
        same_class = playbook is not None and run.action_class == playbook.file.action_class
        if run.target == incident.target or run.host == incident.host or same_class:
            reason = f"{run.action} on {run.target} is running"
            return Verdict("defer", reason, {"incident": run.incident_id}, situation.now + _ASK_AGAIN_SECONDS)
    if situation.undoing:
        own = situation.undoing[0]
        return Verdict("defer", own.words, {"incident": own.incident_id}, situation.now + _ASK_AGAIN_SECONDS)
    return Verdict("allow", "nothing else is running", {})


GATE = Gate(order=140, ask=_ask)
