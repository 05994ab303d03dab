"""What an action's confidence would be after so many more successes, and how many it needs to be done without asking; for the reports."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

import msgspec

from actor.journal import ledger
from actor.learn import OFFSET_MOST, OFFSET_STEPS, decayed, record_with_import, success_ratio
from homeostat.config import in_force
from homeostat.reports.model import Earning
from homeostat.words import EXECUTING, RISKS, highest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from actor.model import Incident
    from actor.playbook import Playbook
    from actor.world import World
    from homeostat.words import Decision, Risk

_STEPS = (0, 1, 3, 5, 10)
_MOST_SUCCESSES = 200


def earnings(world: World, decided: Iterable[Incident]) -> Iterator[Earning]:
    """Yield each action of these incidents that has something to earn, by name; its confidence is what it was on average with them."""
    by_action: dict[str, list[Incident]] = collections.defaultdict(list)
    for incident in decided:
        if incident.confidence is not None and incident.risk in RISKS:
            by_action[incident.action].append(incident)
    for action, incidents in sorted(by_action.items()):
        playbook = world.playbooks.get(action)
        if playbook is not None and not playbook.only_reads:
            yield _earning(world, playbook, incidents)


def _earning(world: World, playbook: Playbook, incidents: Sequence[Incident]) -> Earning:
    successes, trials = record_with_import(world.journal, world.config, playbook)
    mean = sum(incident.confidence or 0.0 for incident in incidents) / len(incidents)
    risk = highest(*(risk for incident in incidents for risk in RISKS if risk == incident.risk))
    after = _after(world, playbook, mean)
    return Earning(
        action=playbook.name,
        risk=risk,
        confidence=mean,
        successes=successes,
        trials=trials,
        after=tuple((more, after(more)) for more in _STEPS),
        to_notify=_needed(world, playbook, risk, ("notify-execute", after)),
        to_auto=_needed(world, playbook, risk, ("auto-execute", after)),
    )


def _after(world: World, playbook: Playbook, mean: float) -> Callable[[int], float]:
    """Return the confidence after so many more verified successes: what else it is made of stays as it was."""
    successes, trials = record_with_import(world.journal, world.config, playbook)
    offset = decayed(ledger.offset_of(world.journal, playbook.name), world.clock.now())
    weight = world.config.autonomy.weights.historical_success

    def confidence(more: int) -> float:
        learned = min(OFFSET_MOST, offset + more * OFFSET_STEPS["succeeded"]) - offset
        earned = success_ratio(successes + more, trials + more) - success_ratio(successes, trials)
        return min(1.0, max(0.0, mean + weight * earned + learned))

    return confidence


def _needed(world: World, playbook: Playbook, risk: Risk, wanted: tuple[Decision, Callable[[int], float]]) -> int | None:
    """Return the fewest successes after which executing is allowed, by what is in force once it may act; None where it never is."""
    (decision, after), autonomy = wanted, world.config.autonomy
    assert decision in EXECUTING
    override = autonomy.actions.get(playbook.name)
    if playbook.name in autonomy.require_approval_for or (override is not None and override.requires_confirmation):
        return None
    threshold = in_force(msgspec.structs.replace(autonomy, mode="active"), world.clock.now()).threshold(risk, decision)
    if threshold <= 1 and override is not None and override.min_confidence:
        threshold = override.min_confidence
    floor = getattr(autonomy.trials_floor, decision.replace("-", "_"))
    trials = record_with_import(world.journal, world.config, playbook)[1]
    return next((more for more in range(_MOST_SUCCESSES + 1) if trials + more >= floor and round(after(more), 4) > threshold), None)
