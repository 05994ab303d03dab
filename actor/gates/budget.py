"""Bounded runs: per target, per action, restarts an hour, actions a day; taken only when every gate agrees."""

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


def _budgets(situation: Situation) -> Iterator[Budget]:
    incident, playbook = situation.incident, situation.playbook
    if playbook is None:
        return
    of_action = [run for run in situation.executions if run.action == incident.action]
    for text in playbook.file.limits.per_target:
        yield f"{text} per target", Window.parse(text), [run for run in of_action if run.target == incident.target]
    for text in playbook.file.limits.per_action:
        yield f"{text} per action", Window.parse(text), of_action
    if playbook.file.action_class == "restart":
        restarts = [run for run in situation.executions if run.action_class == "restart"]
        for window in situation.config.limits.restarts:
            yield f"{window.count}/{window.within} restarts", window, restarts
    if playbook.only_reads:
        return
    standing, spending = in_force(situation.config.autonomy, situation.now), [run for run in situation.executions if run.action_class != "read"]
    yield standing.budget, Window(count=standing.max_actions_per_day, within=Duration(DAY)), spending


def _ask(situation: Situation) -> Verdict:
    spent = {}
    for name, window, runs in _budgets(situation):
        inside = [run.started_at for run in runs if situation.now - run.started_at < window.within]
        spent[name] = len(inside)
        if len(inside) >= window.count:
            until = min(sorted(inside)[-window.count] + window.within, _other_budget_at(situation, name))
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
