"""Prometheus itself must still decide this now, freshly, and of what has been looked at since the last deed here."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict

# What is over is seen at the next look, and told by the rules after another evaluation.
_LOOKS = 2


def _ask(situation: Situation) -> Verdict:
    current = situation.decision_now
    if current is None:
        return Verdict("refuse", "Prometheus does not say whether this still fires", {})
    if current.decision is None or current.evaluated_at is None:
        return Verdict("refuse", "Prometheus no longer decides anything here: the problem is gone or its series are stale", {})
    age_seconds = situation.now - current.evaluated_at
    most_seconds = 2 * situation.config.prometheus.evaluation_interval + situation.config.prometheus.timeout
    seen = {"age_seconds": age_seconds, "most_seconds": most_seconds}
    if age_seconds < -most_seconds:
        return Verdict("refuse", "Prometheus evaluated this in the future: one of the clocks is wrong", seen)
    if age_seconds > most_seconds:
        return Verdict("refuse", "Prometheus last evaluated this more than two evaluations ago", seen)
    return _of_before(situation) or Verdict("allow", f"confirmed by Prometheus {age_seconds:.0f} s ago", seen)


def _of_before(situation: Situation) -> Verdict | None:
    """Defer while the exporter may not have looked at a service again since another action ended there.

    A deployment that was just rolled back was down for a moment: whoever acts on that look restarts what is well.
    """
    incident, playbook, exporter = situation.incident, situation.playbook, situation.config.exporter
    if playbook is None or playbook.file.acts_on != "service":
        return None
    observer = exporter.observers.services
    until_seconds = _LOOKS * max(exporter.cycle, observer.every if observer.enabled else 0)
    for run in situation.executions:
        # After the same action it rests anyway.
        here = (run.host, run.target) == (incident.host, incident.target) and run.action != incident.action
        if here and run.ended_at is not None and run.action_class != "read" and 0 <= situation.now - run.ended_at < until_seconds:
            reason = f"{run.action} has just ended here, and what Prometheus decides may be from before"
            return Verdict("defer", reason, {"ended_at": run.ended_at}, run.ended_at + until_seconds)
    return None


GATE = Gate(order=60, ask=_ask)
