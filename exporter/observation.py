"""The words of host observers (SPEC 3.5): facts are gathered with effects, and read without; nothing else of the exporter is known here."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import msgspec

    from homeostat.config import Config
    from homeostat.words import Problem, Severity


class NotSeen(Exception):  # noqa: N818 - a past tense like every outcome
    """An observer could not look; the message says in one line what stood in its way."""


@dataclasses.dataclass(frozen=True, slots=True)
class Looking:
    """What an observer is given when it looks: the configuration, the time (Unix seconds), and what it remembered at its last look, if anything.

    `memory` is of the observer's own type, and None at its first look, or where what was kept cannot be read any more.
    """

    config: Config
    now: float
    memory: Any = None


@dataclasses.dataclass(frozen=True, slots=True)
class Metric:
    """One sample: the metric's name without `homeostat_`, its value, and its labels beside `host`."""

    name: str
    value: float
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """A problem that is seen: at which target and resource, how sure (0..1), how urgent, and in one sentence for people what was seen."""

    problem: Problem
    target: str
    resource: str
    confidence: float
    severity: Severity
    words: str


@dataclasses.dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened at a target (Unix seconds): its kind (`deployment`, `restart`, `errors`), and in one sentence what."""

    at: float
    target: str
    kind: str
    words: str


@dataclasses.dataclass(frozen=True, slots=True)
class Sight:
    """What one look gave: metrics, problems, what happened of late, and what the observer is to remember (a msgspec Struct, kept on disk)."""

    metrics: tuple[Metric, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    events: tuple[Happened, ...] = ()
    memory: Any = None


# What was seen is believed for so many periods: one look may fail, two in a row say nothing of now.
BELIEVED_PERIODS = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How an observer's last look went: what its last good one saw (`looked_at` in whole Unix seconds, `asked_at` on the monotonic clock).

    `fault` says in words why the last look saw nothing; None where it did. The next one is due after `period_seconds`.
    """

    period_seconds: float
    sight: Sight = dataclasses.field(default_factory=Sight)
    looked_at: float = -math.inf
    asked_at: float = -math.inf
    took_seconds: float = math.nan
    fault: str | None = None

    @property
    def awaited(self) -> bool:
        """Whether the first look has not ended yet."""
        return self.fault is None and not math.isfinite(self.asked_at)

    def believed(self, monotonic_now: float) -> bool:
        """Say whether what was seen still holds."""
        return monotonic_now - self.asked_at <= BELIEVED_PERIODS * self.period_seconds


@dataclasses.dataclass(frozen=True, slots=True)
class Observer:
    """Something that is looked at: `gather` asks the host and changes nothing, `read` is a pure function of the facts.

    `facts` and `memory` are the types that both are made of, so that facts can come from root's own look, and from a file in a test.
    `help` says what each metric that it may publish means. One that `needs_root` gathers through root's door where this
    process is not root; root is given no memory. Both raise NotSeen where there is nothing to go by. `kept` returns facts that need
    no look, as what is remembered still, or that nothing is configured; None where one is due.
    """

    help: Mapping[str, str]
    facts: type[msgspec.Struct]
    gather: Callable[[Looking], Any]
    read: Callable[[Any, Looking], Sight]
    memory: type[msgspec.Struct] | None = None
    needs_root: bool = False
    kept: Callable[[Looking], Any] | None = None

    def look(self, looking: Looking) -> Sight:
        """Return what is seen now. Raises NotSeen."""
        kept = self.kept(looking) if self.kept is not None else None
        return self.read(kept if kept is not None else self.gather(looking), looking)
