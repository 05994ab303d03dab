"""GET `/status`: the mode, the level, what holds everything back, and how many incidents are where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor.answers import Routes, answered
from actor.journal import ledger
from homeostat.config import in_force, in_force_until

if TYPE_CHECKING:
    import flask

    from actor.service import Service


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.get("/status")
    def status() -> flask.Response:
        return answered(describe_status(service))


def describe_status(service: Service) -> dict[str, Any]:
    """Return the mode, the level, what holds everything back, and how many incidents are where."""
    world = service.world
    now = world.clock.now()
    holding = in_force(world.config.autonomy, now)
    counted = world.journal.rows("SELECT state, count(*) AS n FROM incidents WHERE state IS NOT NULL GROUP BY state")
    return {
        "host": world.config.host,
        "mode": world.config.autonomy.mode,
        "level": holding.level,
        "max_actions_per_day": holding.max_actions_per_day,
        "schedule": holding.entry.name if holding.entry is not None else None,
        "in_force_until": in_force_until(world.config.autonomy, now),
        "ready": world.ready.is_set(),
        "stopped": world.stop.reason(),
        "silences_known": world.silences is not None,
        "lost_silences": msgspec.to_builtins(world.silences.lost if world.silences is not None else ()),
        "open_breakers": [
            {**msgspec.to_builtins(breaker), "standing": standing}
            for breaker in ledger.breakers(world.journal)
            if (standing := breaker.standing(now)) != "closed"
        ],
        "incidents": {row["state"]: row["n"] for row in counted},
        "playbooks": sorted(world.playbooks),
    }


ROUTES = Routes(add=_add)
