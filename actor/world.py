"""What the actor's flow reaches the world through: handed in, so that a test can hand in another."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

from actor.annals import annals_of
from actor.deeds import Hands, build_case
from actor.model import Case
from homeostat import stopping

if TYPE_CHECKING:
    import pathlib

    from actor.conditions import Holding
    from actor.feasibility import Feasibility
    from actor.journal import Journal
    from actor.model import Incident, Silences, Summary, Undoing
    from actor.playbook import Playbook
    from homeostat.alertmanager import Alertmanager
    from homeostat.clock import Clock
    from homeostat.config import Config
    from homeostat.prometheus import Prometheus


class StopSwitch:
    """The kill switch: a file in any of the actor's directories, so that it needs no database and survives a reboot."""

    def __init__(self, *directories: str) -> None:
        """Look at `stop` in each; the first is root's, the last the actor's own."""
        self.paths = stopping.places(directories)

    @property
    def path(self) -> pathlib.Path:
        """Where it is pulled on the host, by who may write there."""
        return self.paths[0]

    @property
    def own(self) -> pathlib.Path:
        """Where the actor's console pulls it."""
        return self.paths[-1]

    def reason(self) -> str | None:
        """Return who stopped everything and why, or None while nothing is stopped; an unreadable switch is a stop."""
        return next((told for told in map(stopping.written_in, self.paths) if told is not None), None)


@dataclasses.dataclass
class World:
    """The configuration in force and the doors to everything else; `reload` replaces what it names."""

    config: Config
    playbooks: dict[str, Playbook]
    journal: Journal
    clock: Clock
    prometheus: Prometheus
    alertmanager: Alertmanager
    stop: StopSwitch
    hands: Hands = dataclasses.field(default_factory=Hands)
    silences: Silences | None = None
    feasibility: Feasibility | None = None
    conditions: Holding | None = None
    clock_seen: tuple[float, float] | None = None
    sees_since: float | None = None
    undoing: tuple[Undoing, ...] = ()
    stops_noted: dict[pathlib.Path, str] | None = None
    summaries: dict[str, Summary] = dataclasses.field(default_factory=dict)
    admission: threading.RLock = dataclasses.field(default_factory=threading.RLock)
    ending: threading.Event = dataclasses.field(default_factory=threading.Event)
    ready: threading.Event = dataclasses.field(default_factory=threading.Event)


def case_of(world: World, playbook: Playbook, target: str, incident_id: str) -> Case:
    """Build the case of a playbook at a target of the catalogue.

    Raises:
        KeyError: the target is not in the catalogue that the playbook acts on.

    """
    ends_at = world.clock.monotonic() + playbook.file.deadline

    def stopped() -> bool:
        return world.stop.reason() is not None or world.clock.monotonic() > ends_at

    case = build_case(world.config, playbook, (target, incident_id), world.clock.now(), stopped)
    return dataclasses.replace(case, annals=annals_of(world.journal, incident_id))


def bare_case(world: World, incident: Incident) -> Case:
    """Build the case of an incident whose playbook or target is in no catalogue any more: enough for what a record alone allows."""
    return Case(
        incident_id=incident.id,
        action=incident.action,
        target=incident.target,
        config=world.config,
        service=None,
        filesystem=None,
        root=None,
        now=world.clock.now(),
        stopped=lambda: world.stop.reason() is not None,
    )
