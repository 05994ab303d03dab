"""The decision as Prometheus computes it now must still allow to act, strictly above its threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.kinds import Gate
from actor.model import Situation, Verdict
from homeostat.config import in_force
from homeostat.config.thresholds import NEVER
from homeostat.words import EXECUTING, highest

if TYPE_CHECKING:
    from homeostat.words import Risk


def _ask(situation: Situation) -> Verdict:
    incident, current = situation.incident, situation.decision_now
    if current is None or current.decision is None or current.confidence is None:
        return Verdict("refuse", "there is no decision now", {})
    seen: dict[str, object] = {"decision": current.decision, "action": current.action, "confidence": current.confidence}
    if current.action != incident.action:
        return Verdict("refuse", f"the action decided now is {current.action}, not {incident.action}", seen)
    if situation.approval is not None or incident.decision not in EXECUTING:
        return _left_to_a_person(situation, current.decision, seen)
    if EXECUTING.index(incident.decision) < (EXECUTING.index(current.decision) if current.decision in EXECUTING else len(EXECUTING)):
        return Verdict("refuse", f"the decision is now {current.decision}", seen)
    floor = _floor(situation)
    seen["threshold"] = floor
    # The rules leave a tier only 0.03 below its threshold; to act, the threshold itself must be exceeded.
    if current.confidence <= floor:
        never = f"{incident.decision} is never allowed to this now, whatever the confidence"
        return Verdict("refuse", f"the confidence is now no longer above {floor:g}" if floor < NEVER else never, seen)
    return Verdict("allow", f"the confidence is {current.confidence:g}, above {floor:g}", seen)


def _left_to_a_person(situation: Situation, decision: str, seen: dict[str, object]) -> Verdict:
    if situation.approval is None:
        return Verdict("allow", "a person decides", seen)
    if in_force(situation.config.autonomy, situation.now).threshold(_risk(situation), "propose") >= NEVER:
        return Verdict("refuse", "by the configuration of now this is not even proposed", seen)
    # How sure to be, a person has judged; that it is still worth a proposal is for the rules to say.
    if decision not in {*EXECUTING, "propose"}:
        return Verdict("refuse", f"the decision is now {decision}, less than what was approved", seen)
    return Verdict("allow", f"approved by {situation.approval.author}, and still decided {decision}", seen)


def _floor(situation: Situation) -> float:
    incident, autonomy = situation.incident, situation.config.autonomy
    override, of_level = autonomy.actions.get(incident.action), in_force(autonomy, situation.now).threshold(_risk(situation), incident.decision)
    # As in the rules: a person's own threshold takes the place of the level's, but never stays never.
    own = override.min_confidence if override is not None else 0.0
    return own if own > 0 and of_level < NEVER else of_level


def _risk(situation: Situation) -> Risk:
    playbook, plan = situation.playbook, situation.plan
    return highest(playbook.file.risk_of(situation.incident.problem) if playbook is not None else "high", *([plan.risk] if plan is not None else []))


GATE = Gate(order=180, ask=_ask)
