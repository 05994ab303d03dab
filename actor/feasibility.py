"""How far the loss of each action can be made good now: asked of the host in the background, for a scrape must not wait for root."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from actor.playbook import catalogue
from actor.world import case_of
from homeostat.config.section import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actor.playbook import Playbook
    from actor.world import World

EVERY_SECONDS = MINUTE
# What nobody could ask again for so long is not known any more.
_STALE_SECONDS = 5 * MINUTE


@dataclasses.dataclass(frozen=True, slots=True)
class Feasibility:
    """Each action's ratio (0..1), and the steady time at which it was asked."""

    ratios: Mapping[str, float]
    asked_at: float


def ask_feasibility(world: World) -> Feasibility:
    """Ask of every playbook whether its protection can be given at each of its targets now."""
    asked_at = world.clock.monotonic()
    return Feasibility({name: _least(world, playbook) for name, playbook in world.playbooks.items()}, asked_at)


def known_ratios(world: World) -> Mapping[str, float]:
    """Return the ratio of each action of which it is known: nothing at first, nor once it is older than five minutes."""
    found = world.feasibility
    return found.ratios if found is not None and world.clock.monotonic() - found.asked_at < _STALE_SECONDS else {}


def _least(world: World, playbook: Playbook) -> float:
    """Return the least over the configured targets, 0 without any."""
    targets = catalogue(world.config, playbook.file.acts_on)
    without = playbook.file.unprotected_feasibility
    obstacles = [world.hands.obstacle(case_of(world, playbook, target, "feasibility"), playbook) for target in targets]
    return min((1.0 if obstacle is None else (without or 0.0) for obstacle in obstacles), default=0.0)
