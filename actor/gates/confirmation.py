"""What a person wants to be asked about becomes a proposal; a person's yes to it is the answer."""

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
        "a person asked for another run in this episode": any(word.word == "again" for word in situation.words),
        "the risk is high": incident.risk == "high" or (situation.playbook is not None and situation.playbook.file.risk == "high"),
    }
    reason = next((reason for reason, holds in asked.items() if holds), None)
    if reason is None:
        return Verdict("allow", "nobody wants to be asked", {"decision": incident.decision})
    if situation.approval is None:
        return Verdict("confirm", reason, {"decision": incident.decision})
    # This gate is the question that a yes answers, `once` leaves a second run to a person, and `confidence` leaves how sure
    # to be to a person. Every other gate asks about the world, or about another person's word (a stop, a silence, a window),
    # which who looked at a plan days ago did not see and cannot overrule.
    seen = {"decision": incident.decision, "plan_hash": situation.approval.plan_hash, "approved_at": situation.approval.approved_at}
    return Verdict("allow", f"approved by {situation.approval.author}", seen)


GATE = Gate(order=30, ask=_ask)
