"""What keeps the journal and the protections small in the long run: the ballast laid again, and what is old removed once an hour."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from actor import pruning
from actor.journal import retention
from actor.model import StepFailed
from homeostat.config.section import HOUR, MINUTE

if TYPE_CHECKING:
    from actor.world import World

log = logging.getLogger(__name__)

EVERY_SECONDS = MINUTE
_PRUNE_EVERY_SECONDS = HOUR
# Another configuration may want it sooner.
DEPLOYMENTS_ASKED_SECONDS = 5.0
_DEPLOYMENTS_EVERY_SECONDS = 5 * MINUTE
# Between two small removals the journal is free for what is urgent.
_PAUSE_SECONDS = 0.1


def keep_deployments(world: World, kept_at: float | None) -> float:
    """Keep what the services are deployed as, where that has been well for a while, if that was not done a moment ago; return at which steady time it was.

    What cannot be kept now may be the next time.
    """
    now, every_seconds = world.clock.monotonic(), min(_DEPLOYMENTS_EVERY_SECONDS, world.config.protections.deployment_good_after)
    if kept_at is not None and now - kept_at < every_seconds:
        return kept_at
    try:
        for words in world.hands.keep_deployments(world.config):
            log.info("%s", words)
    except (StepFailed, OSError) as failure:
        log.warning("good deployments are not kept: %s", failure)
    return now


def keep_house(world: World, pruned_at: float | None) -> float | None:
    """Lay the ballast where there is room again; prune if an hour has passed since the steady time `pruned_at`, and return when.

    Raises:
        JournalError: what is old could not be removed; it is tried again the next time.

    """
    world.journal.ballast.lay()
    now = world.clock.monotonic()
    if pruned_at is not None and now - pruned_at < _PRUNE_EVERY_SECONDS:
        return pruned_at
    gone = 0
    while not world.ending.is_set():
        removed = retention.prune(world.journal, world.config.actor.retention, world.clock.now())
        if not removed:
            break
        gone += removed
        world.ending.wait(_PAUSE_SECONDS)
    pruning.prune(world)
    if gone:
        log.info("%d deliveries and incidents were kept long enough and are gone", gone)
    return now
