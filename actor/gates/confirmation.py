"""What a person wants to be asked about becomes a proposal; a person's yes to it is the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.words import DECISIONS, highest

if TYPE_CHECKING:
    from homeostat.words import Risk


def _ask(situation: Situation) -> Verdict:
    incident, service, autonomy = situation.incident, situation.service, situation.config.autonomy
    override = autonomy.actions.get(incident.action)
    risks = {incident.risk, *_risks(situation)}
    asked = {
        "the decision is propose": incident.decision == "propose",
        "mode interactive asks about everything": autonomy.mode == "interactive",
        f"the ceiling is {autonomy.ceiling}": DECISIONS.index(incident.decision) < DECISIONS.index(autonomy.ceiling),
        f"service {incident.target} has auto_restart: false": service is not None and not service.auto_restart,
        f"action {incident.action} has requires_confirmation: true": override is not None and override.requires_confirmation,
        "a person asked for another run in this episode": any(word.word == "again" for word in situation.words),
        f"action {incident.action} stands in require_approval_for": incident.action in autonomy.require_approval_for,
        "the risk is high": "high" in risks,
        "a step of the plan is riskier than its playbook": _riskier(situation),
    }
    reason = next((reason for reason, holds in asked.items() if holds), None)
    if reason is None:
        return Verdict("allow", "nobody wants to be asked", {"decision": incident.decision})
    if situation.approval is None:
        return Verdict("confirm", reason, {"decision": incident.decision})
    # This gate is the question that a yes answers, `once` leaves a second run to a person, `confidence` how sure to be,
    # `blast-radius` and `budget` one action that touches, or restarts, more than may be unasked. Every other gate asks about the world, or about another person's word (a stop, a silence, a window),
    # which who looked at a plan days ago did not see and cannot overrule.
    seen = {"decision": incident.decision, "plan_hash": situation.approval.plan_hash, "approved_at": situation.approval.approved_at}
    return Verdict("allow", f"approved by {situation.approval.author}", seen)


def _risks(situation: Situation) -> list[Risk]:
    known, plan = situation.playbook, situation.plan
    return [*([known.file.risk_of(situation.incident.problem)] if known is not None else []), *([plan.risk] if plan is not None else [])]


def _riskier(situation: Situation) -> bool:
    known = situation.playbook
    return situation.plan is not None and known is not None and highest(*_risks(situation)) != known.file.risk_of(situation.incident.problem)


GATE = Gate(order=30, ask=_ask)
