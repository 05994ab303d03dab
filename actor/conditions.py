"""Where a playbook answers that answers only under a condition: asked of Prometheus in the background, for a scrape must not wait."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from actor.surroundings import PROBLEM_SERIES
from homeostat.config.catalogue import dependants, needs
from homeostat.config.section import MINUTE
from homeostat.prometheus import PrometheusError, selector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from actor.playbook import Condition
    from actor.world import World

log = logging.getLogger(__name__)

CORRELATION_SERIES = "homeostat_deployment_correlation_ratio"
# As sure as a proposal asks for.
_CORRELATES = 0.70
# What nobody could ask again for so long is not known any more.
_STALE_SECONDS = 5 * MINUTE

Where = dict["Condition", frozenset[str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Holding:
    """At which targets each condition holds, and the steady time at which that was asked."""

    where: Mapping[Condition, frozenset[str]]
    asked_at: float


def ask_conditions(world: World) -> Holding:
    """Ask at which targets each condition holds now; one that Prometheus does not answer holds nowhere."""
    asked_at = world.clock.monotonic()
    return Holding({name: _targets(world, name) for name in CONDITIONS}, asked_at)


def known_where(world: World) -> Mapping[Condition, frozenset[str]]:
    """Return at which targets each condition holds: nothing at first, nor once it is older than five minutes."""
    found = world.conditions
    return found.where if found is not None and world.clock.monotonic() - found.asked_at < _STALE_SECONDS else {}


def _targets(world: World, name: Condition) -> frozenset[str]:
    try:
        return CONDITIONS[name](world)
    except PrometheusError as error:
        log.warning("where the condition %s holds is unknown: %s", name, error)
        return frozenset()


def _deployment_correlates(world: World) -> frozenset[str]:
    """Return the targets that got worse soon after something was deployed there, as the exporter's investigation found."""
    found = world.prometheus.query(selector(CORRELATION_SERIES, host=world.config.host))
    return frozenset(sample.labels["target"] for sample in found if sample.value >= _CORRELATES and "target" in sample.labels)


def _dependants_down(world: World) -> frozenset[str]:
    """Return the services that are down together with some that need them, and that need nothing themselves that is down: there a cascade begins."""
    services = world.config.services
    found = world.prometheus.query(selector(PROBLEM_SERIES, host=world.config.host, problem="service_down"))
    down = {sample.labels.get("target", "") for sample in found} & services.keys()
    return frozenset(name for name in down if down.intersection(dependants(services, name)) and not down & needs(services, name))


CONDITIONS: dict[Condition, Callable[[World], frozenset[str]]] = {"deployment-correlates": _deployment_correlates, "dependants-down": _dependants_down}
