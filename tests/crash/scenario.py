"""What a scenario is: an action on a small host, with all that happens around it and all that must hold then."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tests.support import MINUTE, NOW, labels_of

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterable, Mapping

    from actor.model import EpisodeKey
    from tests.crash.evidence import Evidence
    from tests.crash.life import Life
    from tests.support import Host


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decide:
    """What Prometheus decides, and Alertmanager tells, of one episode."""

    key: EpisodeKey
    action: str
    decision: str = "auto-execute"
    confidence: float = 0.95

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its alert."""
        return labels_of(self.key, self.action, self.decision)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenario:
    """One story; times are seconds from its start.

    `install` gives the server's process what the product does not have. `prepare` fills the host and returns configuration. `edit` is the user between a kill and the restart: the paths written
    and what they hold; `reconfigure` is what the owner writes into the configuration then. `begin` sets up each process. `moments` happen at their time, and again each minute until they say that they did.
    `ambiguous` are the phases in which a user's edit cannot be told from what is done. `outcomes` are the ways in which its incidents may end. `lingers`: what a killed process had started goes on until the
    next one is well under way.
    """

    decides: tuple[Decide, ...]
    outcomes: frozenset[str]
    install: Callable[[], None] = lambda: None
    prepare: Callable[[Host], dict[str, Any]] = lambda host: {}
    edit: Callable[[Host], Mapping[pathlib.Path, bytes]] = lambda host: {}
    edits_anywhere: bool = False
    reconfigure: Callable[[Host], dict[str, Any]] | None = None
    begin: Callable[[Life], None] = lambda life: None
    ambiguous: frozenset[str] = frozenset()
    moments: Mapping[float, Callable[[Life], bool]] = dataclasses.field(default_factory=dict)
    check: Callable[[Evidence], Iterable[str]] = lambda seen: ()
    fires_seconds: float = 16 * MINUTE
    down_seconds: float = 5.0
    lingers: bool = False

    @property
    def sides(self) -> tuple[str, ...]:
        """How a point may be hit: killed before or after it, and, where a user is at it all the time, edited at it."""
        return ("before", "after", "edit") if self.edits_anywhere else ("before", "after")

    @property
    def gone_at(self) -> float:
        """When the problem is over, in Unix seconds."""
        return NOW + self.fires_seconds

    @property
    def ends_at(self) -> float:
        """When the story is over, the episode too, in Unix seconds."""
        return self.gone_at + 15 * MINUTE
