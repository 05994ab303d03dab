"""Prometheus itself must still decide this now, and freshly."""

from __future__ import annotations

from actor.kinds import Gate
from actor.model import Situation, Verdict


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
    return Verdict("allow", f"confirmed by Prometheus {age_seconds:.0f} s ago", seen)


GATE = Gate(order=60, ask=_ask)
