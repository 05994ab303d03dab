"""What root asks of its own configuration before each deed that changes the host, whatever the other process has decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.gates.protected import vital
from homeostat.config import Duration
from homeostat.config.limits import Window
from homeostat.config.section import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from actor.executor.held import Held
    from actor.model import Case
    from actor.playbook import Playbook
    from homeostat.config import Config


def refusal(config: Config, playbook: Playbook, case: Case, held: Iterable[Held]) -> str | None:
    """Return why root does not let this incident change the host now, or None.

    The process without root asks more: silences, Prometheus, a person. This is what holds when that process is not itself
    any more: mode, what keeps the host alive, and how often anything may run.
    """
    if config.autonomy.mode == "shadow":
        return "mode is shadow: nothing is done"
    touched = vital(case)
    if touched is not None:
        return touched
    others = [each for each in held if each.incident_id != case.incident_id]
    for name, window, runs in _budgets(config, playbook, others):
        if sum(case.now - at < window.within for at in runs) >= window.count:
            return f"the budget of {name} is spent"
    return None


def _budgets(config: Config, playbook: Playbook, others: list[Held]) -> Iterator[tuple[str, Window, list[float]]]:
    """Yield each budget with the last run of every other incident that it counts."""
    most = config.autonomy.max_actions_per_day
    yield f"{most}/1d actions", Window(count=most, within=Duration(DAY)), [max(held.runs) for held in others if held.runs]
    if playbook.file.action_class != "restart":
        return
    restarts = [max(held.runs) for held in others if held.runs and held.action_class == "restart"]
    for window in config.limits.restarts:
        yield f"{window.count}/{window.within} restarts", window, restarts
