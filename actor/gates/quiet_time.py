"""Nobody is thrown out: no restart of a service while people are at it, or at one that needs it, nor before its quiet window when that is near."""

from __future__ import annotations

import math

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.clock import rfc3339

_ASK_AGAIN_SECONDS = 60
# A window that begins now is published as the next full minute, and may be two scrapes old.
_NOW_SECONDS = 120
_DAY_SECONDS = 86400


def _ask(situation: Situation) -> Verdict:
    sessions = situation.surroundings.sessions
    busy = sorted(name for name, count in sessions.items() if count is not None and count > 0)
    unknown = sorted(name for name, count in sessions.items() if count is None or math.isnan(count))
    seen = {"sessions": dict(sessions)}
    if not busy and not unknown:
        return _before_its_quiet_window(situation) or Verdict("allow", "nobody is at it" if sessions else "nobody's sessions are disturbed", seen)
    if situation.incident.severity == "critical" and "quiet-time" in situation.config.limits.critical_passes:
        return Verdict("allow", "it may be in use, but what is critical may pass", seen)
    reason = f"in use: {', '.join(busy)}" if busy else f"nothing tells whether it is in use: {', '.join(unknown)}"
    return Verdict("defer", reason, seen, situation.now + _ASK_AGAIN_SECONDS)


def _before_its_quiet_window(situation: Situation) -> Verdict | None:
    """Defer what can wait until the service is next quiet, for a day at most: not what is critical, nor a service that is down."""
    start, state = situation.surroundings.quiet_from, situation.unit_state
    if start is None or not situation.now + _NOW_SECONDS < start <= situation.now + _DAY_SECONDS:
        return None
    if situation.incident.severity == "critical" or state is None or not state.active or situation.incident.problem == "service_down":
        return None
    return Verdict("defer", f"it can wait for the service's quiet window, which begins at {rfc3339(start)}", {"quiet_from": start}, start)


GATE = Gate(order=85, ask=_ask)
