"""What would happen, without doing it: every gate, the plan, and what of it could be undone; nothing is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.absorb import changes, read_decision
from actor.admission import would_do
from actor.journal import incidents, words
from actor.model import Incident, Plan, Word
from actor.situation import ask_gates, deciding, observe, recheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actor.model import Decided, Verdict
    from actor.world import World

# One id for all of them: what keeps plans by incident keeps the last simulated one only.
SIMULATED = "simulated"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What one gate says now, with what it saw; `until` is when a deferral would be asked again."""

    gate: str
    answer: str
    reason: str
    inputs: dict[str, object]
    until: float | None


class Foresight(msgspec.Struct, frozen=True, kw_only=True):
    """What would come of an alert: in one sentence, by which gates, with which plan, and what undo there is."""

    incident: Incident
    would: str
    gates: tuple[Asked, ...] = ()
    plan: Plan | None = None
    obstacle: str | None = None
    undo: str = ""
    words: tuple[Word, ...] = ()


def simulate(world: World, labels: dict[str, str], annotations: dict[str, str]) -> Foresight | str:
    """Foresee what a decision alert would bring, by the very questions that a real one is asked; in words when it is none."""
    decided = read_decision(labels, annotations)
    if isinstance(decided, str):
        return decided
    known = incidents.of_open_episode(world.journal, decided.key)
    incident = _as_if(world, known, decided)
    situation = observe(world, incident)
    verdicts = ask_gates(situation)
    # Never under its own id: who keeps plans by incident may be carrying that one out.
    unnamed = msgspec.structs.replace(incident, id=SIMULATED)
    plan, obstacle = would_do(world, situation.playbook, unnamed) if situation.playbook is not None else (None, None)
    no = deciding(verdicts)
    if no is None and plan is not None and plan.commands:
        # As in reality: what may have changed, and what only the plan tells, is asked once more before the first effect.
        no = recheck(world, incident, plan)
    return Foresight(
        incident=incident,
        would=_in_a_sentence(known, decided, plan, no),
        gates=tuple(Asked(gate=name, answer=said.answer, reason=said.reason, inputs=_plain(said.inputs), until=said.until) for name, said in verdicts.items()),
        plan=plan,
        obstacle=obstacle,
        undo=plan.undo if plan is not None else "",
        words=words.said_of(world.journal, incident.id),
    )


def _as_if(world: World, known: Incident | None, decided: Decided) -> Incident:
    """Return the incident that this alert would make, or would make of the one whose episode goes on."""
    now = world.clock.now()
    if known is None:
        said = {
            "id": SIMULATED, **decided.key._asdict(), "action": decided.action, "risk": decided.risk, "decision": decided.decision,
            "severity": decided.severity, "confidence": decided.confidence, "state": "accepted", "outcome": None, "reason": "simulated", "opened_at": now,
            "last_firing_at": now, "wake_at": now, "acted_at": None, "closed_at": None, "episode_ended_at": None, "alert_labels": decided.labels,
        }  # fmt: skip
        return msgspec.convert(said, Incident)
    heard = msgspec.structs.replace(known, severity=decided.severity, last_firing_at=now)
    if not changes(known, decided):
        return heard
    return msgspec.structs.replace(
        heard, action=decided.action, risk=decided.risk, decision=decided.decision, confidence=decided.confidence, alert_labels=decided.labels
    )


def _in_a_sentence(known: Incident | None, decided: Decided, plan: Plan | None, no: tuple[str, Verdict] | None) -> str:
    if known is not None and not changes(known, decided):
        return f"nothing new: its episode goes on as incident {known.id}, which is {known.outcome or known.state}: {known.reason}"
    if decided.decision == "alert-only":
        return "nothing is done: the decision is alert-only, which no gate is asked about"
    if no is None:
        first = "it is announced, and after the grace " if decided.decision == "notify-execute" else ""
        empty = "" if plan is not None and plan.commands else ", but there is nothing to do at this moment"
        return f"{first}it is executed: every gate agrees{empty}"
    gate, verdict = no
    became = {"refuse": "refused", "defer": "deferred", "confirm": "proposed to a person", "shadow": "recorded only"}[verdict.answer]
    return f"it is {became}, by {gate}: {verdict.reason}"


def _plain(inputs: Mapping[str, object]) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(dict(inputs), enc_hook=incidents.plain)
    return plain
