"""The record of each action at each target, how well confidence foretold success, and what people marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.calibration import brier_score, reliability
from actor.journal import feedback, ledger, trials
from actor.learn import success_ratio
from actor.metrics.families import gauge, gauges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from actor.calibration import Bin
    from actor.world import World


def record(world: World) -> Iterator[Metric]:
    """Yield what was learned, beside the terms."""
    host, journal = world.config.host, world.journal
    known = {(host, of_target.action, target): of_target for target, of_target in ledger.records(journal)}
    labels = ("host", "action", "target")
    ratios = [(key, success_ratio(one.successes, one.trials)) for key, one in known.items()]
    yield gauges("homeostat_action_target_success_ratio", "Successes over trials at one target, with Jeffreys' prior.", labels, ratios)
    yield gauges("homeostat_action_target_trials", "Trials at one target.", labels, [(key, one.trials) for key, one in known.items()])
    tried = trials.latest(journal)
    score = brier_score(tried)
    if score is not None:
        yield gauge(world, "homeostat_decision_brier_score", "Mean squared error of the confidence of executed decisions; 0 at best.", score)
    yield from _reliability(host, tuple(reliability(tried)))
    marks = ("host", "action", "mark", "executed")
    yield gauges("homeostat_feedback_incidents", "Incidents by a person's mark; unnecessary is a false positive.", marks, feedback.counted(journal))


def _reliability(host: str, bins: Iterable[Bin]) -> Iterator[Metric]:
    families = {
        "trials": "Executed decisions, by the upper bound of their confidence.",
        "expected": "Successes that their confidence foretold.",
        "observed": "Successes that came.",
    }
    for name, text in families.items():
        rows = [((host, f"{found.most:g}"), getattr(found, name)) for found in bins]
        yield gauges(f"homeostat_decision_calibration_{name}", text, ("host", "most"), rows)
