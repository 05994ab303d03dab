"""What holds acting back: the mode, breakers, a stop, silences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.holding import pauses
from actor.journal import ledger
from actor.metrics.families import gauges
from homeostat.words import EXECUTING_ALERTS, MODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from actor.world import World


def brakes(world: World) -> Iterator[Metric]:
    """Yield the mode, and all that keeps something or everything from acting."""
    host, now = world.config.host, world.clock.now()
    yield gauges("homeostat_mode", "The mode in force.", ("host", "mode"), [((host, mode), float(mode == world.config.autonomy.mode)) for mode in MODES])
    opened = {"global": 0.0, **{breaker.scope: float(breaker.standing(now) == "open") for breaker in ledger.breakers(world.journal)}}
    yield gauges("homeostat_breaker_open", "Whether a breaker is open.", ("host", "scope"), [((host, scope), is_open) for scope, is_open in opened.items()])
    holding = {"breaker": opened["global"], "stop": float(world.stop.reason() is not None), "silence": float(_all_silenced(world))}
    yield gauges("homeostat_paused", "What keeps everything from acting.", ("host", "by"), [((host, by), holds) for by, holds in holding.items()])
    yield pauses(world)


def _all_silenced(world: World) -> bool:
    """Say whether an active silence mutes every executing decision of this host."""
    if world.silences is None:
        return False
    plain = [{"alertname": name, "host": world.config.host} for name in EXECUTING_ALERTS]
    return all(any(silence.matches(labels) for silence in world.silences.active) for labels in plain)
