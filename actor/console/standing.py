"""How far a playbook is trusted at this moment: its record, and what may be decided of it at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actor.journal import ledger
from actor.learn import decayed, record_with_import, success_ratio
from homeostat.config import in_force
from homeostat.config.thresholds import NEVER
from homeostat.words import DECISIONS, EXECUTING, RISKS

if TYPE_CHECKING:
    from actor.playbook import Playbook
    from actor.world import World


class Standing(NamedTuple):
    """How far one playbook is trusted at this moment: its record with the prior, what was learned, and the most that may be decided of it."""

    successes: int
    trials: int
    success: float
    offset: float
    most: str
    why: tuple[str, ...]


def standing_of(world: World, playbook: Playbook) -> Standing:
    """Return how far a playbook is trusted now."""
    journal, config = world.journal, world.config
    successes, trials = record_with_import(journal, config, playbook)
    offset = decayed(ledger.offset_of(journal, playbook.name), world.clock.now())
    most, why = _most(world, playbook)
    return Standing(successes, trials, success_ratio(successes, trials), offset, most, why)


def _most(world: World, playbook: Playbook) -> tuple[str, tuple[str, ...]]:
    """Return the boldest decision that may be taken of it now, whatever the confidence, and what narrows it, in words."""
    autonomy = world.config.autonomy
    lacks = playbook.lacks(world.config)
    if lacks is not None:
        return "nothing", (lacks,)
    cells = in_force(autonomy, world.clock.now())
    risks = {playbook.file.risk_of(problem) for problem in playbook.file.answers}
    allowed = [decision for decision in DECISIONS[:3] if any(cells.threshold(risk, decision) < NEVER for risk in risks)]
    most = max((allowed or ["alert-only"])[0], autonomy.ceiling, key=DECISIONS.index)
    why = [f"autonomy.ceiling is {autonomy.ceiling}"] if most == autonomy.ceiling != DECISIONS[0] else []
    override = autonomy.actions.get(playbook.name)
    asked = playbook.name in autonomy.require_approval_for or (override is not None and override.requires_confirmation)
    if asked and most in EXECUTING:
        most, why = "propose", [*why, "you are asked each time"]
    if autonomy.mode == "interactive":
        why.append("mode is interactive: you are asked about everything")
    if autonomy.mode == "shadow":
        why.append("mode is shadow: it is decided and recorded, and nothing is done")
    if override is not None and override.min_confidence:
        why.append(f"executing needs a confidence above {override.min_confidence:g}, by your own word")
    return most, tuple(why)


def cells_of(world: World, playbook: Playbook) -> list[tuple[str, list[tuple[str, float | None]]]]:
    """Return, for each risk that it may have, what each decision's confidence must exceed now; None is never."""
    cells = in_force(world.config.autonomy, world.clock.now())
    risks = {playbook.file.risk_of(problem) for problem in playbook.file.answers}
    rows = []
    for risk in (risk for risk in RISKS if risk in risks):
        exceeds = [(decision, cells.threshold(risk, decision)) for decision in DECISIONS[:3]]
        rows.append((str(risk), [(str(decision), value if value < NEVER else None) for decision, value in exceeds]))
    return rows
