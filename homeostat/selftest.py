"""A selftest: the exporter is given a synthetic problem, which is followed hop by hop through the whole real chain, each hop timed."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING

import msgspec

from homeostat.alertmanager import AlertmanagerError
from homeostat.config.section import MINUTE
from homeostat.daemon_client import DaemonError
from homeostat.hops import HOPS, patience_seconds
from homeostat.prometheus import PrometheusError
from homeostat.walk import Ended, Hop, Standing, Verdict, Walk, lasts_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.doors import Doors

# So much before the exporter takes its synthetic problem back.
_BEFORE_SECONDS = MINUTE
_POLL_SECONDS = 0.5
# Whoever restarts is back by then; who does not answer for longer is the fault that was looked for.
_SILENCE_SECONDS = 20
_UNANSWERED = (DaemonError, PrometheusError, AlertmanagerError)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One hop that was made, in how many seconds, and what was seen."""

    hop: str
    seconds: float
    words: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a selftest ended: `failed_at` is the hop that never came, `ended_at` Unix seconds.

    `held` is as good as passed: a person's word, and nothing else, kept the actor from running it. What was `muted` before it
    came to the actor proves nothing, and what was `busy` never began.
    """

    verdict: Verdict
    words: str
    failed_at: str
    ended_at: float
    steps: tuple[Step, ...] = ()

    @property
    def proves(self) -> bool:
        """Whether the chain is known to work."""
        return self.verdict in {"passed", "held"}


def run(doors: Doors, ask_actor: Callable[[], Standing], tell: Callable[[Step], None], most_seconds: float = math.inf) -> Report:
    """Send a synthetic problem through the chain, `tell` each hop that is made, and take the problem back at the end."""
    walk, steps, ends_at = Walk(doors, ask_actor), list[Step](), doors.clock.monotonic() + min(most_seconds, lasts_seconds(doors.config.exporter.cycle) - _BEFORE_SECONDS)
    current = HOPS[0]
    try:
        for current in HOPS:
            step = _make(walk, current, ends_at)
            steps.append(step)
            tell(step)
    except Ended as ended:
        failed_at = current.name if ended.verdict == "failed" else ""
        return Report(verdict=ended.verdict, words=str(ended), failed_at=failed_at, ended_at=doors.clock.now(), steps=tuple(steps))
    finally:
        if any(step.hop == "exporter" for step in steps):
            with contextlib.suppress(DaemonError):
                doors.exporter.post("selftest/end", {"host": doors.config.host})
    seconds = sum(step.seconds for step in steps)
    return Report(verdict="passed", words=f"the whole chain works: {seconds:.0f} s from the exporter to the outcome", failed_at="", ended_at=doors.clock.now(), steps=tuple(steps))


def _make(walk: Walk, hop: Hop, ends_at: float) -> Step:
    """Wait for a hop. Raises Ended when it does not come."""
    clock, patience = walk.doors.clock, patience_seconds(hop, walk.doors.config)
    began = heard_at = clock.monotonic()
    until = min(began + patience, ends_at)
    # What was reached when the time was over may be as it should be.
    cut = f"; this was waited for {max(0.0, until - began):.0f} s, and may take {patience:.0f} s" if until < began + patience else ""
    while True:
        try:
            seen = hop.look(walk)
        except _UNANSWERED as error:
            if clock.monotonic() >= min(until, heard_at + _SILENCE_SECONDS):
                raise Ended("failed", str(error)) from None
        else:
            heard_at = clock.monotonic()
            if seen is not None:
                return Step(hop=hop.name, seconds=heard_at - began, words=seen)
            if heard_at >= until:
                raise Ended("failed", f"{_reason(walk, hop)}{cut}")
        clock.sleep(_POLL_SECONDS)


def _reason(walk: Walk, hop: Hop) -> str:
    try:
        return hop.why(walk)
    except _UNANSWERED as error:
        return str(error)
