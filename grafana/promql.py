"""The pieces of PromQL that the panels share."""

from __future__ import annotations

from homeostat.words import DECISIONS, EXECUTED, SELFTEST

HOST = 'host=~"$host"'
# A selftest's synthetic problem is no trouble of anybody's.
TARGET = f'{HOST}, target=~"$target", target!="{SELFTEST}"'
ACTION = f'{HOST}, action=~"$action"'
TARGET_ACTION = f'{TARGET}, action=~"$action"'
# What tells one problem from another (SPEC 3.3).
PROBLEM = "problem, host, target, resource"
ACTIONS = f"homeostat_actions_total{{{TARGET_ACTION}}}"
EXECUTIONS = f'homeostat_actions_total{{{TARGET_ACTION}, outcome=~"{"|".join(EXECUTED)}"}}'
ACTION_LABELS = "host, action, target, decision, outcome"
DECISION_ALERTS = "|".join("Homeostat" + decision.title().replace("-", "") for decision in DECISIONS)# What tells of Homeostat itself: not the decisions and problems of others, and not what always fires.
OWN_ALERTS = f'ALERTS{{alertname=~"Homeostat.+", alertname!~"{DECISION_ALERTS}|HomeostatProblem|HomeostatWatchdog", alertstate="firing"}}'
DAEMONS = 'job=~"homeostat-exporter|homeostat-actor"'

# Each host's console, which a table's row leads to.
_CONSOLE = "topk by (host) (1, max by (host, console) (homeostat_links_info))"
_HOSTS = "homeostat_problem_confidence_ratio or homeostat_exporter_last_success_timestamp_seconds"

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
    """Write states, numbered, by `labels`: the first that holds wins and counts highest, the last is 1.

    A state that held between two steps only is shown at the second: many a cleanup is over in less than a step.
    """
    numbered = [
        f"group by ({labels}) (last_over_time({state}[$__rate_interval]) or {state}) * {rank}"
        for rank, state in zip(range(len(states), 0, -1), states, strict=True)
    ]
    return "\nor ".join(numbered)


def with_console(promql: str) -> str:
    """Give each answer, which must have a `host`, the label `console`: its actor's address; none while that is away."""
    return f"({promql}) * on (host) group_left (console) ({_CONSOLE} or on (host) group by (host) ({_HOSTS}))"
