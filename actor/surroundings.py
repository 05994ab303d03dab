"""Looks beyond the target of an incident: who is at it, where else the problem is, how its group and its dependencies are."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from actor.model import Members, Spread, StepFailed, Surroundings
from actor.world import case_of
from homeostat.config.catalogue import dependants, needs
from homeostat.prometheus import PrometheusError, selector

if TYPE_CHECKING:
    from actor.model import Incident, UnitState
    from actor.playbook import Playbook
    from actor.world import World
    from homeostat.prometheus import Sample

log = logging.getLogger(__name__)

PROBLEM_SERIES = "homeostat_problem_confidence_ratio"
QUIET_SERIES = "homeostat_quiet_window_start_timestamp_seconds"
# Every host that an exporter watches has readings, well or not.
HOSTS_QUERY = "group by (host) (homeostat_usage_ratio)"


def survey(world: World, known: Playbook | None, incident: Incident, state: UnitState | None) -> Surroundings:
    """Ask Prometheus and the managers what the gates must know of others; what nobody answers is None or left out."""
    if known is None or known.file.acts_on != "service" or incident.target not in world.config.services:
        return Surroundings(sessions={}, spread=_spread(world, incident), members=None, ailing=frozenset(), starts=0)
    return Surroundings(
        sessions=_sessions(world, incident.target),
        spread=_spread(world, incident),
        members=_members(world, known, incident),
        ailing=_ailing(world, known, incident),
        starts=_starts(world, known, incident, state),
        dependants=_sick_dependants(world, known, incident),
        quiet_from=_quiet_from(world, incident),
    )


def _ask(world: World, query: str) -> list[Sample] | None:
    try:
        return world.prometheus.query(query)
    except PrometheusError as error:
        log.warning("a gate's question stays open: %s", error)
        return None


def _number(world: World, query: str) -> float | None:
    """Return what an owner's query adds up to, None where it has no answer."""
    samples = _ask(world, query)
    return sum(sample.value for sample in samples) if samples else None


def _sessions(world: World, target: str) -> dict[str, float | None]:
    services = world.config.services
    disturbed = [name for name in services if name == target or target in needs(services, name)]
    queries = {name: services[name].sessions for name in disturbed}
    return {name: _number(world, query) for name, query in queries.items() if query is not None}


def _quiet_from(world: World, incident: Incident) -> float | None:
    """Return when the exporter says that the service is next quiet; what is not known keeps nobody waiting."""
    if all(entry.service != incident.target for entry in world.config.exporter.traffic):
        return None
    samples = _ask(world, f"max({selector(QUIET_SERIES, host=incident.host, target=incident.target)})")
    return samples[0].value if samples else None


def _spread(world: World, incident: Incident) -> Spread | None:
    sick, hosts = _ask(world, selector(PROBLEM_SERIES, problem=incident.problem)), _ask(world, HOSTS_QUERY)
    if sick is None or hosts is None:
        return None
    return Spread(
        sick=frozenset((sample.labels.get("host", ""), sample.labels.get("target", "")) for sample in sick),
        hosts=frozenset(sample.labels.get("host", "") for sample in hosts),
    )


def _members(world: World, known: Playbook, incident: Incident) -> Members | None:
    services = world.config.services
    name = services[incident.target].group
    if name is None or not world.config.groups[name].redundant:
        return None
    here = [member for member, service in services.items() if service.group == name]
    # Of the others only what is known to be well counts; the target itself counts as well unless it is known not to be.
    well = {member: _is_well(world, known, (member, incident.id), unknown=member == incident.target) for member in here}
    query = world.config.groups[name].healthy
    counted = _number(world, query) if query is not None else None
    return Members(well, math.nan if query is not None and counted is None else counted)


def _ailing(world: World, known: Playbook, incident: Incident) -> frozenset[str]:
    """Return what is sick of all that the members of the target's group need."""
    services = world.config.services
    group = services[incident.target].group
    members = [name for name, service in services.items() if group is not None and service.group == group]
    needed = {name for member in members for name in needs(services, member)}
    asserted = {sample.labels.get("target", "") for sample in _ask(world, selector(PROBLEM_SERIES, host=incident.host)) or ()} if needed else set()
    down = {name for name in needed - asserted if name in services and not _is_well(world, known, (name, incident.id), unknown=True)}
    return frozenset(needed & asserted | down)


def _sick_dependants(world: World, known: Playbook, incident: Incident) -> frozenset[str]:
    """Return the services that need the target and are not well, where the playbook reaches them; of what nobody knows nothing is touched."""
    names = dependants(world.config.services, incident.target) if known.file.reaches == "dependants" else ()
    return frozenset(name for name in names if not _is_well(world, known, (name, incident.id), unknown=True))


def _is_well(world: World, known: Playbook, about: tuple[str, str], *, unknown: bool) -> bool:
    """Say whether a service runs and its health probe passes; `unknown` where its manager does not tell."""
    case = case_of(world, known, *about)
    try:
        state = world.hands.show(case)
        return state is not None and state.active and all(world.hands.probe(case).values())
    except StepFailed as failure:
        log.warning("how %s is stays unknown: %s", about[0], failure)
        return unknown


def _starts(world: World, known: Playbook, incident: Incident, state: UnitState | None) -> int | None:
    if state is None or state.start_limit is None:
        return 0
    try:
        return world.hands.starts(case_of(world, known, incident.target, incident.id))
    except StepFailed as failure:
        log.warning("how often a unit was started is unknown: %s", failure)
        return None
