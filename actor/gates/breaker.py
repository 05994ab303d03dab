"""After failures in a row acting stops by itself, for one (action, target) or for all; then one run at a time is a probe."""

from __future__ import annotations

from actor.breakers import concerned
from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.clock import rfc3339


def _ask(situation: Situation) -> Verdict:
    incident, now = situation.incident, situation.now
    if situation.playbook is not None and situation.playbook.only_reads:
        return Verdict("allow", "it only reads: no breaker counts it, and none holds it back", {})
    asked = concerned(situation.breakers, incident.action, incident.target)
    for breaker in asked:
        seen = {"scope": breaker.scope, "failures": breaker.failures, "open_until": breaker.open_until, "probe": breaker.probe}
        if breaker.open_until is not None and breaker.standing(now) == "open":
            until = rfc3339(breaker.open_until)
            return Verdict("refuse", f"the breaker {breaker.scope} is open until {until} after {breaker.failures} failures", seen)
        if breaker.standing(now) == "half-open" and breaker.probe not in {None, incident.id}:
            return Verdict("refuse", f"the breaker {breaker.scope} is half-open, and incident {breaker.probe} is its probe", seen)
    probed = [breaker.scope for breaker in asked if breaker.standing(now) == "half-open"]
    if probed:
        return Verdict("allow", f"half-open: this run is the one probe of the breaker {' and '.join(probed)}", {"probes": probed})
    return Verdict("allow", "no breaker is open here", {"asked": [breaker.scope for breaker in asked]})


GATE = Gate(order=130, ask=_ask)
