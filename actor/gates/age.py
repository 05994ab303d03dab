"""Nothing on old news: the last confirmation that it fires must be recent."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.clock import rfc3339
from homeostat.config import Duration


def _ask(situation: Situation) -> Verdict:
    age_seconds = situation.now - situation.incident.last_firing_at
    most = situation.config.limits.age
    seen = {"age_seconds": age_seconds, "most_seconds": most}
    if age_seconds > most:
        return Verdict("refuse", f"last heard of at {rfc3339(situation.incident.last_firing_at)}, more than {most} ago", seen)
    if age_seconds < -float(most):
        return Verdict("refuse", "last heard of in the future: the clock was set back", seen)
    return Verdict("allow", f"heard of {Duration(max(0, round(age_seconds)))} ago", seen)


GATE = Gate(order=70, ask=_ask)
