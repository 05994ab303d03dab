"""All open problems of this host as one plan in order: what is needed before what needs it, room on the disk before a restart."""

from __future__ import annotations

import graphlib
import heapq
import pathlib
from typing import TYPE_CHECKING

import msgspec

from actor.planning import geometric_mean
from homeostat.config.catalogue import needs
from homeostat.words import DECISIONS, SEVERITIES, Decision, Outcome, Risk, State, highest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from actor.model import Incident
    from actor.playbook import Playbook
    from homeostat.config import Config

# Room first: without it neither a configuration can be written nor a service started.
_CLASSES = ("cleanup", "read", "config", "restart", "deploy")


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """One open problem and what answers it; `after` names the incidents whose targets it needs. `wake_at` is Unix seconds."""

    incident: str
    problem: str
    action: str
    target: str
    state: State | Outcome
    decision: Decision
    risk: Risk
    confidence: float
    duration_seconds: float
    wake_at: float | None
    after: tuple[str, ...]


class Agenda(msgspec.Struct, frozen=True, kw_only=True):
    """The errands in order, and what they are over all: the strictest decides the tier. None where there is nothing to do."""

    errands: tuple[Errand, ...] = ()
    confidence: float | None = None
    risk: Risk | None = None
    decision: Decision | None = None
    duration_seconds: float = 0.0

    def in_order(self, incidents: Iterable[Incident]) -> list[Incident]:
        """Return incidents in this order; what has no place here keeps its own behind all that have."""
        places = {errand.incident: place for place, errand in enumerate(self.errands)}
        return sorted(incidents, key=lambda incident: places.get(incident.id, len(places)))


def draw_up(incidents: Iterable[Incident], playbooks: Mapping[str, Playbook], config: Config) -> Agenda:
    """Put this host's open problems that a playbook answers in order."""
    known = {incident.id: incident for incident in incidents if _is_open(incident, playbooks, config)}
    after = {name: _before(incident, known, playbooks, config) for name, incident in known.items()}
    ranks = {name: _rank(incident, playbooks[incident.action]) for name, incident in known.items()}
    errands = tuple(_errand(known[name], playbooks[known[name].action], after[name]) for name in _in_order(after, ranks))
    if not errands:
        return Agenda()
    return Agenda(
        errands=errands,
        confidence=geometric_mean(errand.confidence for errand in errands),
        risk=highest(*(errand.risk for errand in errands)),
        decision=max((errand.decision for errand in errands), key=DECISIONS.index),
        duration_seconds=sum(errand.duration_seconds for errand in errands),
    )


def needed_targets(config: Config, service: str) -> set[str]:
    """Return what a service needs, through others too: services, file systems, and those that the named subvolumes lie on."""
    found = needs(config.services, service)
    subvolumes = (config.services[name].subvolume for name in {service, *found} if name in config.services)
    return found | {name for subvolume in subvolumes if subvolume is not None for name in _holding(config, subvolume)}


def _holding(config: Config, path: str) -> list[str]:
    """Return the name of the configured file system that holds `path`, the innermost; none where none does."""
    places = {name: filesystem.path or name for name, filesystem in config.filesystems.items()}
    holding = [name for name, place in places.items() if pathlib.PurePosixPath(path).is_relative_to(place)]
    return [max(holding, key=lambda name: len(places[name]))] if holding else []


def _is_open(incident: Incident, playbooks: Mapping[str, Playbook], config: Config) -> bool:
    waits = incident.state is not None or incident.outcome in {"refused", "shadowed"}
    return waits and not incident.is_selftest and incident.host == config.host and incident.action in playbooks and incident.decision != "alert-only"


def _before(incident: Incident, known: Mapping[str, Incident], playbooks: Mapping[str, Playbook], config: Config) -> tuple[str, ...]:
    if playbooks[incident.action].file.acts_on != "service":
        return ()
    needed = needed_targets(config, incident.target)
    return tuple(sorted(other.id for other in known.values() if other.target in needed and other.id != incident.id))


def _rank(incident: Incident, playbook: Playbook) -> tuple[int, int, float, str]:
    severity = SEVERITIES.index(incident.severity) if incident.severity in SEVERITIES else len(SEVERITIES)
    return _CLASSES.index(playbook.file.action_class), severity, incident.opened_at, incident.id


def _in_order(after: Mapping[str, tuple[str, ...]], ranks: Mapping[str, tuple[int, int, float, str]]) -> list[str]:
    """Return the names so that each stands behind those it comes after, and the lowest rank first where that leaves a choice."""
    sorter, ready, ordered = graphlib.TopologicalSorter(after), list[tuple[tuple[int, int, float, str], str]](), list[str]()
    sorter.prepare()
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, (ranks[name], name))
        _, name = heapq.heappop(ready)
        ordered.append(name)
        sorter.done(name)
    return ordered


def _errand(incident: Incident, playbook: Playbook, after: tuple[str, ...]) -> Errand:
    state = incident.state or incident.outcome
    assert state is not None
    return Errand(
        incident=incident.id,
        problem=incident.problem,
        action=incident.action,
        target=incident.target,
        state=state,
        decision=incident.decision,
        risk=playbook.file.risk_of(incident.problem),
        confidence=playbook.file.impact_certainty if incident.confidence is None else incident.confidence,
        duration_seconds=float(playbook.file.estimate),
        wake_at=incident.wake_at,
        after=after,
    )
