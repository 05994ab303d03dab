"""A restart of a unit whose file was edited would deploy the edit: that is for a person to decide."""

from __future__ import annotations

from actor.model import Gate, Situation, Verdict


def _ask(situation: Situation) -> Verdict:
    if situation.service is None:
        return Verdict("allow", "no service is touched", {})
    if situation.unit_state is None:
        return Verdict("refuse", "the manager does not say how the service is", {"manager": situation.service.manager})
    seen = {"invocation": situation.unit_state.invocation, "needs_reload": situation.unit_state.needs_reload}
    if situation.unit_state.needs_reload:
        return Verdict("refuse", "its unit was edited since it was loaded: a restart would deploy that", seen)
    return Verdict("allow", "it runs what is declared", seen)


GATE = Gate(order=150, ask=_ask)
