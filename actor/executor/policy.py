"""What root asks of its own configuration before each deed that changes the host, whatever the other process has decided."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from actor.gates.cooldown import rest_of
from actor.gates.protected import vital
from actor.playbook import STEPS
from homeostat.config import Duration, in_force
from homeostat.config.limits import Window
from homeostat.config.section import DAY
from homeostat.time_intervals import active

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from actor.executor.held import Held
    from actor.model import Case, Plan
    from actor.playbook import Playbook
    from homeostat.config import Config

    Budget = tuple[str, Window, list[float]]


# What the other process admitted begins here a moment later, so root's windows are a little shorter than those that it kept to.
_LEEWAY_RATIO = 0.9


def refusal(config: Config, playbook: Playbook, case: Case, held: Sequence[Held]) -> str | None:
    """Return why root does not let this incident change the host now, or None.

    The process without root asks more: silences, Prometheus, a person. This is what holds when that process is not itself
    any more: mode, what keeps the host alive, and when and how often anything may run.
    """
    if config.autonomy.mode == "shadow":
        return "mode is shadow: nothing is done"
    if playbook.only_reads:
        # As at the gates: nothing is touched, at any time, and it spends nothing.
        return None
    touched = vital(case)
    if touched is not None or any(each.incident_id == case.incident_id and each.begun for each in held):
        # What was begun in time and within its limits is finished: half of it is worse than either.
        return touched
    if _shut(config, case.now):
        return "no maintenance window is open"
    for name, window, times in (*_budgets(config, playbook, case, held), *_own_budgets(config, playbook, case, held)):
        if sum(case.now - began_at < window.within * _LEEWAY_RATIO for began_at in times) >= window.count:
            return f"the budget of {name} is spent"
    return None


def looks_back(config: Config, playbooks: Iterable[Playbook]) -> float:
    """Return how far back, in seconds, any budget or rest looks: what was done since must stay known."""
    of_playbooks = [(rest_of(config, each), *(Window.parse(text).within for text in (*each.file.limits.per_target, *each.file.limits.per_action))) for each in playbooks]
    return max(DAY, *(window.within for window in config.limits.restarts), *itertools.chain.from_iterable(of_playbooks))


def restarts(playbook: Playbook, plan: Plan | None) -> int:
    """Return how many units a plan of root's own starts afresh; of the owner's own commands nobody knows more than their class."""
    known = sum(STEPS[command.step].restarts for command in plan.commands) if plan is not None else 0
    return max(known, playbook.file.action_class == "restart")


def _shut(config: Config, now: float) -> bool:
    """Say whether nothing may begin now; how severe a problem is root cannot see, so where what is critical may pass it lets all pass."""
    return bool(config.windows) and "window" not in config.limits.critical_passes and not active(config.windows, now)


def _budgets(config: Config, playbook: Playbook, case: Case, held: Sequence[Held]) -> Iterator[Budget]:
    """Yield each budget of all actions with the times that it counts, a place that must be free more for each unit beyond the first."""
    earlier, standing = [run for each in held for run in each.runs], in_force(config.autonomy, case.now)
    spending = [run.began_at for run in earlier if run.action_class != "read"]
    yield standing.budget, Window(count=standing.max_actions_per_day, within=Duration(DAY)), spending
    plan = next((each.plan for each in held if each.incident_id == case.incident_id), None)
    takes = restarts(playbook, plan)
    spent = [run.began_at for run in earlier for _ in range(max(run.restarts, run.action_class == "restart"))]
    for window in config.limits.restarts if takes else ():
        # One plan that alone restarts more than that is a person's to allow, and has the budget to itself.
        yield f"{window.count}/{window.within} restarts", window, [*spent, *[case.now] * (min(takes, window.count) - 1)]


def _own_budgets(config: Config, playbook: Playbook, case: Case, held: Sequence[Held]) -> Iterator[Budget]:
    """Yield the playbook's own limits and its rest with the times that they count; an incident's last run may be one without effect that is tried again."""
    earlier = [run for each in held for run in (each.runs[:-1] if each.incident_id == case.incident_id else each.runs)]
    everywhere = [run.began_at for run in earlier if run.action == case.action]
    here = [run.began_at for run in earlier if (run.action, run.target) == (case.action, case.target)]
    for text in playbook.file.limits.per_target:
        yield f"{text} per target", Window.parse(text), here
    for text in playbook.file.limits.per_action:
        yield f"{text} per action", Window.parse(text), everywhere
    rest = rest_of(config, playbook)
    if rest:
        yield f"1/{rest} per target, its rest,", Window(count=1, within=rest), here
