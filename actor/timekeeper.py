"""Follows a clock that was set: what the actor waits for moves with it, so that no rest ends early and none lasts for ever."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from actor.journal import ledger

if TYPE_CHECKING:
    from actor.world import World

log = logging.getLogger(__name__)

_DRIFT_SECONDS = 1.0


def follow_clock(world: World) -> None:
    """Compare the clock with steady time since it was last set, and move the journal's times by what it was set. Raises JournalError."""
    with world.admission:
        wall, steady = world.clock.now(), world.clock.monotonic()
        if world.clock_seen is None:
            # Steady time says nothing over a restart; but what has happened cannot lie ahead.
            set_by = min(0.0, wall - ledger.latest(world.journal))
        else:
            seen_wall, seen_steady = world.clock_seen
            set_by = (wall - seen_wall) - (steady - seen_steady)
        if abs(set_by) > _DRIFT_SECONDS:
            with world.journal.transaction() as db:
                ledger.shift(db, set_by)
            log.warning("the clock was set by %+.0f s; what is waited for moves with it", set_by)
        elif world.clock_seen is not None:
            return
        world.clock_seen = (wall, steady)
