"""What a person wants to be asked about becomes a proposal."""

from __future__ import annotations

from actor.model import Gate, Situation, Verdict


def _ask(situation: Situation) -> Verdict:
    incident, service = situation.incident, situation.service
    override = situation.config.autonomy.actions.get(incident.action)
    asked = {
        "the decision is propose": incident.decision == "propose",
        "mode interactive asks about everything": situation.config.autonomy.mode == "interactive",
        f"service {incident.target} has auto_restart: false": service is not None and not service.auto_restart,
        f"action {incident.action} has requires_confirmation: true": override is not None and override.requires_confirmation,
        "the risk is high": incident.risk == "high" or (situation.playbook is not None and situation.playbook.file.risk == "high"),
    }
    reason = next((reason for reason, holds in asked.items() if holds), None)
    if reason is None:
        return Verdict("allow", "nobody wants to be asked", {"decision": incident.decision})
    return Verdict("confirm", reason, {"decision": incident.decision})


GATE = Gate(order=30, ask=_ask)
