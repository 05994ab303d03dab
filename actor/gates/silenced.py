"""A silence is a pause; an Alertmanager that does not answer is one too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.words import DECISION_ALERTS, EXECUTING

if TYPE_CHECKING:
    from homeostat.alertmanager import Silence


def _ask(situation: Situation) -> Verdict:
    if situation.silences is None:
        return Verdict("refuse", "Alertmanager does not say whether this is silenced", {})
    age_seconds = situation.now - situation.silences.answered_at
    most = situation.config.limits.silence_answer_age
    if abs(age_seconds) > most:
        return Verdict("refuse", f"Alertmanager's last answer on silences is more than {most} old", {"age_seconds": age_seconds})
    labels = situation.incident.labels
    for target in (labels["target"], *sorted(situation.reached)):
        silence = next((silence for silence in situation.silences.active if _holds_back(silence, {**labels, "target": target})), None)
        if silence is None:
            continue
        matchers = " ".join(str(matcher) for matcher in silence.matchers)
        seen = {"silence": silence.id, "matchers": matchers, "ends_at": silence.ends_at}
        lost = " (Alertmanager has lost it, but it is not over: homeostat resume ends it)" if silence in situation.silences.lost else ""
        which = "silenced" if target == labels["target"] else f"{target}, which it would touch too, is silenced"
        return Verdict("refuse", f"{which} by {silence.created_by} until {silence.ends_at}: {silence.comment}{lost}", seen)
    return Verdict("allow", "no silence matches", {"active_silences": len(situation.silences.active)})


def _holds_back(silence: Silence, labels: dict[str, str]) -> bool:
    """Say whether a silence is on this decision, or a pause: on all that executes here, which a person's yes to a proposal would do too."""
    as_executed = ({**labels, "alertname": name, "decision": decision} for name, decision in DECISION_ALERTS.items() if decision in EXECUTING)
    return silence.matches(labels) or all(silence.matches(each) for each in as_executed)


GATE = Gate(order=50, ask=_ask)
