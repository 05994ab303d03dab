"""A restart of a unit whose file was edited would deploy the edit: that is for a person to decide, or for what is there to deploy it."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict


def _ask(situation: Situation) -> Verdict:
    state = situation.unit_state
    if situation.service is None:
        return Verdict("allow", "no service is touched", {})
    if situation.playbook is not None and situation.playbook.file.deploys:
        return Verdict("allow", "to deploy what is declared is what it is for, and its plan shows that", {})
    if state is None:
        return Verdict("refuse", "the manager does not say how the service is", {"manager": situation.service.manager})
    seen = {"invocation": state.invocation, "needs_reload": state.needs_reload, "edited": state.edited}
    if state.drift is not None:
        return Verdict("refuse", state.drift, seen)
    return Verdict("allow", "it runs what is declared", seen)


GATE = Gate(order=150, ask=_ask)
