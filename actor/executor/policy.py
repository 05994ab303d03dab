"""What root asks of its own configuration before each deed that changes the host, whatever the other process has decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.gates.protected import vital
from homeostat.config import Duration, in_force
from homeostat.config.limits import Window
from homeostat.config.section import DAY
from homeostat.time_intervals import active

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from actor.executor.held import Held, Run
    from actor.model import Case
    from actor.playbook import Playbook
    from homeostat.config import Config


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
    if touched is not None:
        return touched
    if _shut(config, case.now) and not any(each.incident_id == case.incident_id and each.begun for each in held):
        return "no maintenance window is open"
    for name, window, runs in _budgets(config, playbook, (case.now, _earlier_runs(held, case.incident_id))):
        if sum(case.now - run.began_at < window.within for run in runs) >= window.count:
            return f"the budget of {name} is spent"
    return None


def _shut(config: Config, now: float) -> bool:
    """Say whether nothing may begin now; how severe a problem is root cannot see, so where what is critical may pass it lets all pass."""
    return bool(config.windows) and "window" not in config.limits.critical_passes and not active(config.windows, now)


def _earlier_runs(held: Iterable[Held], incident_id: str) -> list[Run]:
    """Return every run but the one that is under way in this incident: what has no name but its own is counted too."""
    return [run for each in held for run in (each.runs[:-1] if each.incident_id == incident_id and each.begun else each.runs)]


def _budgets(config: Config, playbook: Playbook, ran: tuple[float, list[Run]]) -> Iterator[tuple[str, Window, list[Run]]]:
    """Yield each budget with the runs that it counts; what only reads spends none."""
    now, earlier = ran
    standing = in_force(config.autonomy, now)
    yield standing.budget, Window(count=standing.max_actions_per_day, within=Duration(DAY)), [run for run in earlier if run.action_class != "read"]
    if playbook.file.action_class != "restart":
        return
    restarts = [run for run in earlier if run.action_class == "restart"]
    for window in config.limits.restarts:
        yield f"{window.count}/{window.within} restarts", window, restarts
