"""Bounded runs: per target, per action, restarts of units an hour, actions a day; taken only when every gate agrees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from actor.kinds import Gate
from actor.model import Execution, Situation, Verdict
from homeostat.config import Duration, in_force, in_force_until
from homeostat.config.limits import Window
from homeostat.config.section import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

Budget = tuple[str, Window, list[Execution]]

# What deploys starts its service once more when it is rolled back.
_STARTED_AGAIN = {"rolled_back", "stranded"}


def _budgets(situation: Situation) -> Iterator[Budget]:
    incident, playbook = situation.incident, situation.playbook
    if playbook is None:
        return
    of_action = [run for run in situation.executions if run.action == incident.action]
    for text in playbook.file.limits.per_target:
        yield f"{text} per target", Window.parse(text), [run for run in of_action if run.target == incident.target]
    for text in playbook.file.limits.per_action:
        yield f"{text} per action", Window.parse(text), of_action
    for window in situation.config.limits.restarts if playbook.file.restarts else ():
        yield _of_restarts(window), window, list(_restarts(situation))
    if playbook.only_reads:
        return
    standing, spending = in_force(situation.config.autonomy, situation.now), [run for run in situation.executions if run.action_class != "read"]
    yield standing.budget, Window(count=standing.max_actions_per_day, within=Duration(DAY)), spending


def _of_restarts(window: Window) -> str:
    return f"{window.count}/{window.within} restarts"


def _restarts(situation: Situation) -> Iterator[Execution]:
    """Yield the run of each restart of a unit: of a cascade each service that it might restart has a run of its own."""
    for run in situation.executions:
        if run.action_class == "restart":
            yield run
        elif run.action in situation.restarting:
            yield from [run] * (2 if run.outcome in _STARTED_AGAIN else 1)


def _beyond(situation: Situation) -> Verdict | None:
    """Leave it to a person where one action alone would restart more than may be: no waiting would change that."""
    takes, playbook = _restarted(situation), situation.playbook
    small = next((window for window in situation.config.limits.restarts if window.count < takes), None)
    if playbook is None or not playbook.file.restarts or small is None or situation.approval is not None:
        return None
    return Verdict("confirm", f"it would restart {takes} services, more than the budget of {_of_restarts(small)}", {"restarts": takes})


def _restarted(situation: Situation) -> int:
    return 1 + len(situation.surroundings.dependants)


def _ask(situation: Situation) -> Verdict:
    spent, beyond = {}, _beyond(situation)
    if beyond is not None:
        return beyond
    for name, window, runs in _budgets(situation):
        inside = [run.started_at for run in runs if situation.now - run.started_at < window.within]
        spent[name] = len(inside)
        takes = min(window.count, _restarted(situation)) if name == _of_restarts(window) else 1
        if len(inside) + takes > window.count:
            until = min(sorted(inside)[takes - window.count - 1] + window.within, _other_budget_at(situation, name))
            return Verdict("defer", f"the budget of {name} is spent", spent, max(until, situation.now))
    if situation.playbook is None:
        return Verdict("refuse", "the budget of an unknown playbook is not known", {})
    return Verdict("allow", "every budget has room", spent)


def _other_budget_at(situation: Situation, name: str) -> float:
    """Return when the schedule puts another budget in the place of the one called so; never of those that it does not rule."""
    autonomy, now = situation.config.autonomy, situation.now
    changes_at = in_force_until(autonomy, now) if name == in_force(autonomy, now).budget else None
    return math.inf if changes_at is None else changes_at


GATE = Gate(order=100, ask=_ask)
