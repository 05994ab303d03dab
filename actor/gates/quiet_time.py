"""Nobody is thrown out: no restart of a service while people are at it, or at one that needs it."""

from __future__ import annotations

import math

from actor.kinds import Gate
from actor.model import Situation, Verdict

_ASK_AGAIN_SECONDS = 60


def _ask(situation: Situation) -> Verdict:
    sessions = situation.surroundings.sessions
    busy = sorted(name for name, count in sessions.items() if count is not None and count > 0)
    unknown = sorted(name for name, count in sessions.items() if count is None or math.isnan(count))
    seen = {"sessions": dict(sessions)}
    if not busy and not unknown:
        return Verdict("allow", "nobody is at it" if sessions else "nobody's sessions are disturbed", seen)
    if situation.incident.severity == "critical" and "quiet-time" in situation.config.limits.critical_passes:
        return Verdict("allow", "it may be in use, but what is critical may pass", seen)
    reason = f"in use: {', '.join(busy)}" if busy else f"nothing tells whether it is in use: {', '.join(unknown)}"
    return Verdict("defer", reason, seen, situation.now + _ASK_AGAIN_SECONDS)


GATE = Gate(order=85, ask=_ask)
