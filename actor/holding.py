"""What holds this host's actor back at this moment, from what it knows by itself: the stop, its breakers, and the silences that it heard of last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from prometheus_client.core import GaugeMetricFamily, Metric

from actor.journal import ledger
from homeostat.holds import Hold, breaker_hold, silence_holds, stop_hold
from homeostat.silences import judge, known_names

if TYPE_CHECKING:
    from actor.world import World

_MOST_PAUSES, _MOST_LETTERS = 50, 120


def pauses(world: World) -> Metric:
    """Return as a metric until when what is held back, by whom and why: so many at most, and in so few letters, for they are people's words."""
    family = GaugeMetricFamily(
        "homeostat_pause_until_timestamp_seconds", "Until when something is held back; 0 is until a person ends it.", labels=["host", "by", "scope", "author", "reason"]
    )
    ends: dict[tuple[str, ...], float] = {}
    for hold in holds(world):
        labels = (hold.by, *(_few_letters(text) for text in (hold.scope, hold.author, hold.reason)))
        until = 0.0 if hold.until is None else hold.until
        ends[labels] = max(ends.get(labels, until), until) if until else 0.0
    for labels, until in list(ends.items())[:_MOST_PAUSES]:
        family.add_metric([world.config.host, *labels], until)
    return family


def _few_letters(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _MOST_LETTERS else f"{words[: _MOST_LETTERS - 3]}..."


def holds(world: World) -> list[Hold]:
    """Return what holds anything back now, the stop first; a silence that has ended since it was heard of holds nothing."""
    now, stopped = world.clock.now(), world.stop.reason()
    found = [stop_hold(stopped)] if stopped is not None else []
    for breaker in ledger.breakers(world.journal):
        standing = breaker.standing(now)
        if standing != "closed":
            found.append(breaker_hold({**msgspec.to_builtins(breaker), "standing": standing}))
    if world.silences is not None:
        judged = judge(world.silences.active, known_names(world.config, world.playbooks))
        found += [hold for hold in silence_holds(judged) if hold.until is None or hold.until > now]
    return found
