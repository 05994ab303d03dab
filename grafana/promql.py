"""The pieces of PromQL that the panels share."""

from __future__ import annotations

from homeostat.words import DECISIONS, EXECUTED

HOST = 'host=~"$host"'
TARGET = f'{HOST}, target=~"$target"'
ACTION = f'{HOST}, action=~"$action"'
TARGET_ACTION = f'{TARGET}, action=~"$action"'
# What tells one problem from another (SPEC 3.3).
PROBLEM = "problem, host, target, resource"
ACTIONS = f"homeostat_actions_total{{{TARGET_ACTION}}}"
EXECUTIONS = f'homeostat_actions_total{{{TARGET_ACTION}, outcome=~"{"|".join(EXECUTED)}"}}'
ACTION_LABELS = "host, action, target, decision, outcome"
DECISION_ALERTS = "|".join("Homeostat" + decision.title().replace("-", "") for decision in DECISIONS)

# The actor may be away this long before its totals count as new when it comes back.
_ABSENCE = "1d"


def grown(counter: str, labels: str, window: str) -> str:
    """Write by how much the actor's `counter` grew within `window`, by `labels` (which hold `host`).

    The actor's totals live in its journal: they never fall, and a series is born with the first event already in it,
    which `increase()` does not see. So this subtracts what was there before and takes a newborn series whole.
    """
    now = f"max by ({labels}) ({counter})"
    before = f"max by ({labels}) (last_over_time({counter}[{_ABSENCE}] offset {window}))"
    return f"(clamp_min({now} - {before}, 0) or {now})"


def ranked(labels: str, states: list[str]) -> str:
    """Write states, numbered, by `labels`: the first that holds wins and counts highest, the last is 1."""
    numbered = [
        f"group by ({labels}) ({state}) * {rank}" for rank, state in zip(range(len(states), 0, -1), states, strict=True)
    ]
    return "\nor ".join(numbered)
