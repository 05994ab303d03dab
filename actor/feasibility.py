"""How far the loss of each action can be made good now: asked of the host in the background, for a scrape must not wait for root."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from actor.playbook import catalogue
from actor.surroundings import PROBLEM_SERIES
from actor.world import case_of
from homeostat.config.section import MINUTE
from homeostat.doctor.told import Protection
from homeostat.prometheus import PrometheusError, selector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actor.playbook import Playbook
    from actor.world import World

log = logging.getLogger(__name__)

EVERY_SECONDS = MINUTE
# What nobody could ask again for so long is not known any more.
_STALE_SECONDS = 5 * MINUTE


@dataclasses.dataclass(frozen=True, slots=True)
class Feasibility:
    """Each action's ratio (0..1), what it is made of at each target, and the steady time at which it was asked."""

    ratios: Mapping[str, float]
    protections: tuple[Protection, ...]
    asked_at: float


def ask_feasibility(world: World) -> Feasibility:
    """Ask of every playbook whether its protection can be given at each of its targets now.

    Its ratio is the least over the targets that have a problem which it answers; over all while none has one.
    """
    asked_at, sick = world.clock.monotonic(), _sick(world)
    protections = {name: _protections(world, playbook) for name, playbook in world.playbooks.items()}
    ratios = {name: _least(playbook, _concerned(playbook, protections[name], sick)) for name, playbook in world.playbooks.items()}
    return Feasibility(ratios, tuple(one for each in protections.values() for one in each), asked_at)


def known_ratios(world: World) -> Mapping[str, float]:
    """Return the ratio of each action of which it is known: nothing at first, nor once it is older than five minutes."""
    found = _fresh(world)
    return found.ratios if found is not None else {}


def known_protections(world: World) -> tuple[Protection, ...] | None:
    """Return what stands in the way of each action at each target, or None while nobody knows, as `known_ratios`."""
    found = _fresh(world)
    return found.protections if found is not None else None


def _fresh(world: World) -> Feasibility | None:
    found = world.feasibility
    return found if found is not None and world.clock.monotonic() - found.asked_at < _STALE_SECONDS else None


def _protections(world: World, playbook: Playbook) -> list[Protection]:
    targets = [target for target in catalogue(world.config, playbook.file.acts_on) if not playbook.file.deploys or world.config.services[target].has_unit]
    obstacles = {target: world.hands.obstacle(case_of(world, playbook, target, "feasibility"), playbook) for target in targets}
    dispensable = playbook.file.unprotected_feasibility is not None
    return [Protection(playbook.name, target, obstacle, dispensable) for target, obstacle in obstacles.items()]


def _sick(world: World) -> frozenset[tuple[str, str]]:
    """Return (problem, target) of all that is asserted here; nothing where Prometheus does not answer."""
    try:
        found = world.prometheus.query(selector(PROBLEM_SERIES, host=world.config.host))
    except PrometheusError as error:
        log.warning("which targets have a problem is unknown, so that every target counts: %s", error)
        return frozenset()
    return frozenset((sample.labels.get("problem", ""), sample.labels.get("target", "")) for sample in found)


def _concerned(playbook: Playbook, protections: list[Protection], sick: frozenset[tuple[str, str]]) -> list[Protection]:
    """Return those at targets with a problem that the playbook answers: what is in the way elsewhere is no matter then."""
    return [one for one in protections if any((problem, one.target) in sick for problem in playbook.file.answers)] or protections


def _least(playbook: Playbook, protections: list[Protection]) -> float:
    """Return the least over some targets, 0 without any."""
    without = playbook.file.unprotected_feasibility
    return min((1.0 if one.obstacle is None else (without or 0.0) for one in protections), default=0.0)
