"""At most one execution of an action in one episode."""

from __future__ import annotations

from actor.model import Gate, Situation, Verdict


def _ask(situation: Situation) -> Verdict:
    incident = situation.incident
    earlier = [run for run in situation.executions if (run.incident_id, run.action) == (incident.id, incident.action)]
    if earlier:
        return Verdict("refuse", f"{incident.action} has run already in this episode", {"started_at": earlier[-1].started_at})
    return Verdict("allow", "the first run in this episode", {"earlier_runs": len(earlier)})


GATE = Gate(order=75, ask=_ask)
