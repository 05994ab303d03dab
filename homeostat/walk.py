"""A selftest on its way through the chain: what it asks, what the actor tells of it, and how it may end before its last hop."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import msgspec

from homeostat.config.section import MINUTE
from homeostat.words import SELFTEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.config import Config
    from homeostat.doors import Doors

Verdict = Literal["passed", "held", "muted", "busy", "failed"]


def lasts_seconds(cycle_seconds: float) -> float:
    """Return for how long a synthetic problem stays at most: its assertion and its verification each take cycles of the exporter."""
    return 10 * MINUTE + 5 * cycle_seconds


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the actor knows of its newest selftest incident, all empty before the first; `opened_at` is Unix seconds.

    `sources` are how its alerts were heard of, `gate` the first that did not agree, `phases` those that ended well.
    `unauthenticated` counts the deliveries that were refused for want of a token.
    """

    ready: bool
    mode: str
    unauthenticated: int
    incident: str = ""
    open: bool = False
    opened_at: float = 0.0
    sources: tuple[str, ...] = ()
    gate: str = ""
    gates_asked: int = 0
    state: str = ""
    outcome: str = ""
    reason: str = ""
    phases: tuple[str, ...] = ()


class Ended(Exception):  # noqa: N818 - a past tense like every outcome
    """The selftest ends before its last hop; the message says why, the verdict what kind of end it is."""

    def __init__(self, verdict: Verdict, words: str) -> None:
        """End with a verdict and in words."""
        super().__init__(words)
        self.verdict: Verdict = verdict


@dataclasses.dataclass
class Walk:
    """One selftest on its way: the doors, how the actor is asked, how it stood when this one began, and the resource that is this one's alone."""

    doors: Doors
    ask_actor: Callable[[], Standing]
    before: Standing | None = None
    resource: str = ""

    @property
    def labels(self) -> dict[str, str]:
        """What names the synthetic problem, once it is asserted: Alertmanager may still have that of an earlier one."""
        return {"problem": SELFTEST, "host": self.doors.config.host, "resource": self.resource}

    def standing(self) -> Standing | None:
        """Ask the actor; None while it knows only of an earlier selftest. Raises DaemonError."""
        now = self.ask_actor()
        return now if self.before is None or now.incident != self.before.incident else None


@dataclasses.dataclass(frozen=True, slots=True)
class Hop:
    """`look` returns in words what was seen, or None as long as it is not there; `why` says then what to look at.

    Both may end the selftest by raising Ended; a door that does not answer is asked again until `patience` (seconds) is over.
    """

    name: str
    patience: Callable[[Config], float]
    look: Callable[[Walk], str | None]
    why: Callable[[Walk], str]
