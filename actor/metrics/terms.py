"""The actor's terms of the confidence, per action, and which action answers which problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

from actor.conditions import known_where
from actor.feasibility import known_ratios
from actor.journal import ledger
from actor.learn import decayed, record_with_import, success_ratio
from actor.metrics.families import gauges
from actor.ranking import answers, answers_here, answers_where, ranking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from actor.playbook import Playbook
    from actor.world import World


def terms(world: World) -> Iterator[Metric]:
    """Yield the answers, and the terms of every playbook."""
    yield from _answers(world)
    host, journal, config, now = world.config.host, world.journal, world.config, world.clock.now()
    feasible = known_ratios(world)
    families: dict[str, tuple[str, Callable[[Playbook], float | None]]] = {
        "homeostat_action_historical_success_ratio": ("Successes over trials, with Jeffreys' prior.", lambda playbook: success_ratio(*record_with_import(journal, config, playbook))),
        "homeostat_action_trials": ("Trials in the record, imported ones too.", lambda playbook: record_with_import(journal, config, playbook)[1]),
        "homeostat_action_impact_certainty_ratio": ("How sure the playbook is of its effect.", lambda playbook: playbook.file.impact_certainty),
        "homeostat_action_rollback_feasibility_ratio": ("1 when what is lost can be made good now.", lambda playbook: feasible.get(playbook.name)),
        "homeostat_action_learned_offset_ratio": ("What was learned, -0.30 to +0.05.", lambda playbook: decayed(ledger.offset_of(journal, playbook.name), now)),
        "homeostat_action_min_confidence_ratio": ("A person's own threshold for executing this action; 0 is unset.", lambda playbook: _min_confidence(world, playbook)),
    }
    for name, (text, read) in families.items():
        values = {playbook.name: read(playbook) for playbook in world.playbooks.values()}
        yield gauges(name, text, ("host", "action"), [((host, action), value) for action, value in values.items() if value is not None])


def _answers(world: World) -> Iterator[Metric]:
    """Yield which action answers which problem, for all targets or for one, and how those for a problem are ranked."""
    host, ranked = world.config.host, ranking(world.journal, world.config, world.playbooks)
    info = GaugeMetricFamily("homeostat_problem_action_info", "The action that answers a problem here, and its risk.", labels=["host", "problem", "action", "risk"])
    for problem, playbook in answers(ranked).items():
        info.add_metric([host, problem, playbook.name, playbook.file.risk_of(problem)], 1)
    here = answers_here(world.journal, world.config, ranked) | answers_where(world.journal, world.playbooks, known_where(world), world.config)
    for (problem, target), playbook in here.items():
        labels = {"host": host, "problem": problem, "target": target, "action": playbook.name, "risk": playbook.file.risk_of(problem)}
        info.add_sample(info.name, labels, 1)
    yield info
    places = [((host, problem, playbook.name), place) for problem, playbooks in ranked.items() for place, playbook in enumerate(playbooks, 1)]
    yield gauges("homeostat_problem_action_rank", "The place of an action among those for a problem; 1 answers it.", ("host", "problem", "action"), places)


def _min_confidence(world: World, playbook: Playbook) -> float:
    override = world.config.autonomy.actions.get(playbook.name)
    return override.min_confidence if override is not None else 0.0
