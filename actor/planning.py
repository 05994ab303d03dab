"""What single commands add up to: a plan in order, with how sure it is over all, its highest risk and its length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from actor.model import Plan
from homeostat.words import highest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actor.model import Command
    from actor.playbook import Playbook


def add_up(playbook: Playbook, target: str, commands: Sequence[Command]) -> Plan:
    """Make the plan of a playbook's commands; a step that does not say so is as sure and as risky as its playbook."""
    sure: dict[str, float] = {}
    for command in commands:
        confidence = playbook.file.impact_certainty if command.confidence is None else command.confidence
        sure[command.step] = min(confidence, sure.get(command.step, 1.0))
    return Plan(
        action=playbook.name,
        target=target,
        commands=tuple(commands),
        confidence=geometric_mean(sure.values()),
        risk=highest(playbook.file.risk, *(command.risk for command in commands if command.risk is not None)),
        duration_seconds=float(playbook.file.estimate),
    )


def geometric_mean(ratios: Iterable[float]) -> float:
    """Return how sure several things are together: .92 and .85 give .88; nothing at all is not sure (0)."""
    known = list(ratios)
    return math.prod(known) ** (1 / len(known)) if known else 0.0


def in_slices(commands: Iterable[Command]) -> list[Command]:
    """Return commands slice by slice; what deletes a slice depends on all that moved it aside."""
    ordered = sorted(commands, key=lambda command: command.slice)
    return [_behind(ordered[:place], command) for place, command in enumerate(ordered)]


def _behind(before: Sequence[Command], command: Command) -> Command:
    if not command.slice or not command.irreversible:
        return command
    aside = tuple(place for place, other in enumerate(before) if other.slice == command.slice and not other.irreversible)
    return msgspec.structs.replace(command, after=aside)
