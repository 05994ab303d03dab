"""Follows a clock that was set: what the actor waits for moves with it, so that no rest ends early and none lasts for ever."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from actor.journal import ledger

if TYPE_CHECKING:
    from actor.world import World

log = logging.getLogger(__name__)

_DRIFT_SECONDS = 1.0


def was_set(world: World) -> bool:
    """Say whether the clock was set since it was last followed."""
    return world.clock_seen is not None and abs(_set_by(world, world.clock_seen)) > _DRIFT_SECONDS


def follow_clock(world: World) -> None:
    """Compare the clock with steady time since it was last set, and move the journal's times by what it was set. Raises JournalError."""
    if world.clock_seen is not None and not was_set(world):
        # Without the lock: an admission that waits for Prometheus keeps no news waiting.
        return
    with world.admission:
        wall, steady = world.clock.now(), world.clock.monotonic()
        # Steady time says nothing over a restart; but what has happened cannot lie ahead.
        set_by = min(0.0, wall - ledger.latest(world.journal)) if world.clock_seen is None else _set_by(world, world.clock_seen)
        if abs(set_by) > _DRIFT_SECONDS:
            with world.journal.transaction() as db:
                ledger.shift(db, set_by, wall - set_by + _DRIFT_SECONDS)
            log.warning("the clock was set by %+.0f s; what is waited for moves with it", set_by)
        elif world.clock_seen is not None:
            return
        world.clock_seen = (wall, steady)


def _set_by(world: World, seen: tuple[float, float]) -> float:
    wall, steady = seen
    return (world.clock.now() - wall) - (world.clock.monotonic() - steady)
