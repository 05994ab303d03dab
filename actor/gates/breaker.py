"""After failures in a row acting stops by itself, for one (action, target) or for all."""

from __future__ import annotations

from actor.model import Gate, Situation, Verdict
from homeostat.config import Duration


def _ask(situation: Situation) -> Verdict:
    incident = situation.incident
    scopes = {"global", f"{incident.action}/{incident.target}"}
    for breaker in situation.breakers:
        if breaker.scope in scopes and breaker.open_until is not None and breaker.open_until > situation.now:
            left = Duration(round(breaker.open_until - situation.now))
            seen = {"scope": breaker.scope, "failures": breaker.failures, "open_until": breaker.open_until}
            return Verdict("refuse", f"the breaker {breaker.scope} is open for another {left} after {breaker.failures} failures", seen)
    return Verdict("allow", "no breaker is open here", {"asked": sorted(scopes)})


GATE = Gate(order=130, ask=_ask)
