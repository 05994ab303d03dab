"""What a decision must exceed, what its terms weigh, and which level and budget are in force: no rule is reloaded for any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.metrics.families import gauges
from homeostat.config import in_force
from homeostat.words import DECISIONS, LEVELS, RISKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from actor.world import World
    from homeostat.config.autonomy import InForce


def autonomy(world: World) -> Iterator[Metric]:
    """Yield thresholds, weights, what is in force, and the floors of executing."""
    host, written = world.config.host, world.config.autonomy
    standing = in_force(written, world.clock.now())
    cells = [((host, risk, decision), standing.threshold(risk, decision)) for risk in RISKS for decision in DECISIONS[:3]]
    yield gauges("homeostat_autonomy_threshold_ratio", "The confidence that a decision must exceed; 2 is never.", ("host", "risk", "decision"), cells)
    weights = [((host, term), weight) for term, weight in msgspec.structs.asdict(written.weights).items()]
    yield gauges("homeostat_confidence_weight_ratio", "The weight of each term.", ("host", "term"), weights)
    yield from _in_force(host, standing)
    for name, text, floor in (
        ("homeostat_prediction_floor_ratio", "The prediction that executing needs.", written.prediction_floor),
        ("homeostat_trials_floor", "The trials that executing needs.", written.trials_floor),
    ):
        yield gauges(name, text, ("host", "decision"), [((host, "auto-execute"), floor.auto_execute), ((host, "notify-execute"), floor.notify_execute)])


def _in_force(host: str, standing: InForce) -> Iterator[Metric]:
    """Yield which level and budget hold at this moment, and by which entry of the schedule."""
    yield gauges("homeostat_autonomy_level", "The level in force.", ("host", "level"), [((host, level), float(level == standing.level)) for level in LEVELS])
    limit = [((host,), standing.max_actions_per_day)]
    yield gauges("homeostat_actions_per_day_limit", "How many actions may run within 24 hours, by what is in force.", ("host",), limit)
    entries = [((host, entry.name), float(entry is standing.entry)) for entry in standing.autonomy.schedule]
    yield gauges("homeostat_schedule_active", "Whether an entry of the schedule is in force.", ("host", "entry"), entries)
