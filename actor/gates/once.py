"""At most one execution of an action in one episode, unless a person asks for another."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict


def _ask(situation: Situation) -> Verdict:
    incident = situation.incident
    earlier = [run for run in situation.executions if (run.incident_id, run.action) == (incident.id, incident.action)]
    approval = situation.approval
    if earlier and approval is not None and approval.approved_at > earlier[-1].started_at:
        seen = {"started_at": earlier[-1].started_at, "approved_at": approval.approved_at}
        return Verdict("allow", f"it has run in this episode, and {approval.author} asked for another run since", seen)
    if earlier:
        return Verdict("refuse", f"{incident.action} has run already in this episode", {"started_at": earlier[-1].started_at})
    return Verdict("allow", "the first run in this episode", {"earlier_runs": len(earlier)})


GATE = Gate(order=75, ask=_ask)
