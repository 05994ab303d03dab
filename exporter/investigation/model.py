"""What an investigation asks of, and what it found: values only."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from exporter.observation import Happened
    from homeostat.config import Config

Standing = Literal["sick", "well", "unknown"]


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What is to be looked into: a target of this host, as of `now`, back to `since` (both Unix seconds)."""

    config: Config
    target: str
    now: float
    since: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """One number with the query that gave it; `before` is the same of the time before it went wrong, None where that is not known."""

    what: str
    value: float
    before: float | None
    promql: str


@dataclasses.dataclass(frozen=True, slots=True)
class Onset:
    """When a series rose: at which time (Unix seconds), from which mean to which, and how sure that is (0..1)."""

    at: float
    before: float
    after: float
    confidence: float
    promql: str


@dataclasses.dataclass(frozen=True, slots=True)
class Correlation:
    """The deployment that most likely made it worse: how long before the onset, and how sure (0..1) by time order and distance alone."""

    deployment: Happened
    distance_seconds: float
    confidence: float


@dataclasses.dataclass(frozen=True, slots=True)
class Dependency:
    """One that the target needs, and how it is."""

    name: str
    standing: Standing
    words: str


@dataclasses.dataclass(frozen=True, slots=True)
class RootCause:
    """Where errors come from, at which component, since when (Unix seconds); `known` names the pattern that it is a case of."""

    name: str
    component: str
    sentence: str
    known: str
    since: float


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """A known pattern that fits: its name, what it means, the action that it calls for (None: a person's), how sure (0..1), and what speaks for it."""

    name: str
    sentence: str
    action: str | None
    confidence: float
    signs: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Investigation:
    """All that was found about a target from `since` to `until` (Unix seconds); `unseen` says what could not be asked, and why, and `seen` what an observer sees at it now."""

    target: str
    host: str
    since: float
    until: float
    problems: tuple[str, ...]
    onset: Onset | None
    events: tuple[Happened, ...]
    correlation: Correlation | None
    dependencies: tuple[Dependency, ...]
    causes: tuple[RootCause, ...]
    points: tuple[Point, ...]
    known: Known | None
    unseen: tuple[str, ...]
    seen: tuple[str, ...] = ()
