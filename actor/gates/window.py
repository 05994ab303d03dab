"""Nothing outside the maintenance windows; what waits is looked at again when the next one opens."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.clock import rfc3339
from homeostat.time_intervals import active, next_opening


def _ask(situation: Situation) -> Verdict:
    windows, now = situation.config.windows, situation.now
    if situation.playbook is not None and situation.playbook.only_reads:
        return Verdict("allow", "it only reads: any time will do", {})
    if not windows:
        return Verdict("allow", "no maintenance window is configured: any time will do", {})
    if active(windows, now):
        return Verdict("allow", "a maintenance window is open", {"windows": len(windows)})
    if situation.incident.severity == "critical" and "window" in situation.config.limits.critical_passes:
        return Verdict("allow", "no maintenance window is open, but what is critical may pass", {"windows": len(windows)})
    opens_at = next_opening(windows, now)
    if opens_at is None:
        return Verdict("refuse", "no maintenance window is open, and none opens within a year", {"windows": len(windows)})
    return Verdict("defer", f"no maintenance window is open; the next opens at {rfc3339(opens_at)}", {"opens_at": opens_at}, opens_at)


GATE = Gate(order=80, ask=_ask)
