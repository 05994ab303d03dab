"""The actor's own selftest, once a day: a chain that is broken is noticed before a real problem needs it."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from actor.journal import incidents, intake, selftests, verdicts
from actor.model import HandedOver
from homeostat import selftest
from homeostat.config.section import DAY, MINUTE
from homeostat.daemon_client import DaemonClient
from homeostat.doors import Doors, exporter_door
from homeostat.walk import Standing

if TYPE_CHECKING:
    from actor.service import Service
    from actor.world import World
    from homeostat.selftest import Report

log = logging.getLogger(__name__)

EVERY_SECONDS = MINUTE
_BETWEEN_SECONDS = DAY
# After a start the chain has time to settle: everything is scraped, and what was left behind is recovered.
FIRST_AFTER_SECONDS = 10 * MINUTE


def standing(service: Service) -> Standing:
    """Return what this actor knows of its newest selftest incident. Raises JournalError."""
    world = service.world
    journal, unauthenticated = world.journal, service.requests.read()[401]
    newest = incidents.newest_selftest(journal)
    if newest is None:
        return Standing(ready=world.ready.is_set(), mode=world.config.autonomy.mode, unauthenticated=unauthenticated)
    given = verdicts.given_on(journal, newest.id)
    asking = [verdict for verdict in given if verdict["asked_at"] == given[-1]["asked_at"]]
    return Standing(
        ready=world.ready.is_set(),
        mode=world.config.autonomy.mode,
        unauthenticated=unauthenticated,
        incident=newest.id,
        open=newest.episode_ended_at is None,
        opened_at=newest.opened_at,
        sources=intake.sources_of(journal, newest.id),
        gate=next((verdict["gate"] for verdict in asking if verdict["answer"] != "allow"), ""),
        gates_asked=len(asking),
        state=newest.state or "",
        outcome=newest.outcome or "",
        reason=newest.reason,
        phases=tuple(phase["phase"] for phase in incidents.phases_of(journal, newest.id) if phase["finished_at"] is not None and phase["failure"] is None),
    )


def is_due(world: World, started_at: float) -> bool:
    """Say whether a selftest is due, of a process that began at that steady time; one that a person ran counts too. Raises JournalError."""
    last = selftests.last(world.journal)
    # One that ended in the future was written by a clock that was wrong.
    recent = last is not None and 0 <= world.clock.now() - last.ended_at < _BETWEEN_SECONDS
    return not recent and world.clock.monotonic() - started_at >= FIRST_AFTER_SECONDS


def test_daily(service: Service, started_at: float) -> None:
    """Run a selftest if one is due, and keep how it ended; where the exporter is busy it stays due. Raises JournalError and HandedOver."""
    if is_due(service.world, started_at):
        keep(service.world, selftest.run(_doors(service), lambda: standing(service), lambda step: log.debug("selftest: %s: %s", step.hop, step.words)))


def keep(world: World, report: Report) -> None:
    """Note how a selftest ended. Raises JournalError."""
    say = log.warning if report.verdict == "failed" else log.info
    say("selftest %s%s: %s", report.verdict, f" at {report.failed_at}" if report.failed_at else "", report.words)
    if report.verdict != "busy":
        selftests.put(world.journal, report)


@dataclasses.dataclass(frozen=True)
class _EndingClock:
    """The world's clock, whose sleep is cut short by the end of the process."""

    world: World

    def now(self) -> float:
        """As the world's."""
        return self.world.clock.now()

    def monotonic(self) -> float:
        """As the world's."""
        return self.world.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, or hand over to the next process."""
        if self.world.ending.wait(seconds):
            raise HandedOver


def _doors(service: Service) -> Doors:
    world = service.world
    operator = service.operator_tokens[0] if service.operator_tokens else None
    actor, exporter = DaemonClient(world.config.actor_url, operator), exporter_door(world.config, operator)
    return Doors(world.config, world.prometheus, world.alertmanager, actor, exporter, _EndingClock(world))
