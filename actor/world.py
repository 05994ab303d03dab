"""What the actor's flow reaches the world through: handed in, so that a test can hand in another."""

from __future__ import annotations

import dataclasses
import pathlib
import threading
from typing import TYPE_CHECKING

from actor.model import Case

if TYPE_CHECKING:
    from actor.journal import Journal
    from actor.model import Silences
    from actor.playbook import Playbook
    from homeostat.alertmanager import Alertmanager
    from homeostat.clock import Clock
    from homeostat.config import Config
    from homeostat.prometheus import Prometheus


class StopSwitch:
    """The kill switch: a file, so that it needs no database and survives a reboot."""

    def __init__(self, state_directory: str) -> None:
        """Look at `stop` in the actor's state directory."""
        self.path = pathlib.Path(state_directory) / "stop"

    def reason(self) -> str | None:
        """Return who stopped everything and why, or None while nothing is stopped; an unreadable switch is a stop."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").strip() or "no reason was given"
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"the stop switch cannot be read: {error.strerror}"


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
    silences: Silences | None = None
    clock_seen: tuple[float, float] | None = None
    admission: threading.RLock = dataclasses.field(default_factory=threading.RLock)
    ending: threading.Event = dataclasses.field(default_factory=threading.Event)
    ready: threading.Event = dataclasses.field(default_factory=threading.Event)


def case_of(world: World, playbook: Playbook, target: str, incident_id: str) -> Case:
    """Build the case of a playbook at a target of the catalogue.

    Raises:
        KeyError: the target is not in the catalogue that the playbook acts on.

    """
    ends_at = world.clock.monotonic() + playbook.file.deadline
    service = world.config.services[target] if playbook.file.acts_on == "service" else None
    filesystem = world.config.filesystems[target] if playbook.file.acts_on == "filesystem" else None
    return Case(
        incident_id=incident_id,
        action=playbook.name,
        target=target,
        config=world.config,
        service=service,
        filesystem=filesystem,
        root=(filesystem.path or target) if filesystem is not None else None,
        now=world.clock.now(),
        stopped=lambda: world.stop.reason() is not None or world.clock.monotonic() > ends_at,
    )
