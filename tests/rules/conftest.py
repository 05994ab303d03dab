"""What exporter and actor of a host serve, as promtool's series, and promtool to see what the rules decide from it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Promtool = Callable[..., subprocess.CompletedProcess[str]]

RULES = Path(__file__).parents[2] / "alert-rules"
DECISION_ALERTS = 'ALERTS{alertname=~"Homeostat(AutoExecute|NotifyExecute|Propose|AlertOnly)", alertstate="firing"}'
ALERT_OF = {
    "auto-execute": "HomeostatAutoExecute",
    "notify-execute": "HomeostatNotifyExecute",
    "propose": "HomeostatPropose",
    "alert-only": "HomeostatAlertOnly",
}
NEVER = 2
# SPEC 4.2: the lowest confidence that is not enough, per level and risk.
LEVELS: dict[str, dict[str, dict[str, float]]] = {
    "conservative": {
        "low": {"auto-execute": 0.95, "notify-execute": NEVER, "propose": 0.70},
        "medium": {"auto-execute": NEVER, "notify-execute": NEVER, "propose": 0.70},
        "high": {"auto-execute": NEVER, "notify-execute": NEVER, "propose": 0.70},
    },
    "moderate": {
        "low": {"auto-execute": 0.90, "notify-execute": 0.80, "propose": 0.70},
        "medium": {"auto-execute": NEVER, "notify-execute": 0.80, "propose": 0.70},
        "high": {"auto-execute": NEVER, "notify-execute": NEVER, "propose": 0.70},
    },
    "aggressive": {
        "low": {"auto-execute": 0.75, "notify-execute": 0.75, "propose": 0.70},
        "medium": {"auto-execute": NEVER, "notify-execute": 0.75, "propose": 0.70},
        "high": {"auto-execute": NEVER, "notify-execute": NEVER, "propose": 0.70},
    },
}
MINUTES = 400

Series = dict[str, str]


def steady(value: float | str) -> str:
    """Return a value that stays, as promtool writes it; a string is taken as it is."""
    return value if isinstance(value, str) else f"{value}x{MINUTES}"


def policy(host: str, level: str = "moderate") -> Series:
    """Return what an actor serves that does not depend on an action."""
    values: dict[str, float] = {"homeostat_actor_ready{}": 1}
    for risk, cells in LEVELS[level].items():
        for decision, threshold in cells.items():
            values[f'homeostat_autonomy_threshold_ratio{{risk="{risk}",decision="{decision}"}}'] = threshold
    for term, weight in (
        ("prediction", 0.3),
        ("historical_success", 0.3),
        ("impact_certainty", 0.2),
        ("rollback_feasibility", 0.2),
    ):
        values[f'homeostat_confidence_weight_ratio{{term="{term}"}}'] = weight
    for decision, prediction, trials in (("auto-execute", 0.8, 3), ("notify-execute", 0.7, 0)):
        values[f'homeostat_prediction_floor_ratio{{decision="{decision}"}}'] = prediction
        values[f'homeostat_trials_floor{{decision="{decision}"}}'] = trials
    return {on(host, name): steady(value) for name, value in values.items()}


def record(host: str, action: str = "disk-cleanup", /, **terms: float | str) -> Series:
    """Return what an actor serves of one action: by default the worked example's terms of SPEC 4.1."""
    values: dict[str, float | str] = {
        "historical_success_ratio": 1,
        "trials": 12,
        "impact_certainty_ratio": 0.95,
        "rollback_feasibility_ratio": 1,
        "learned_offset_ratio": 0,
        "min_confidence_ratio": 0,
        **terms,
    }
    return {on(host, f'homeostat_action_{name}{{action="{action}"}}'): steady(value) for name, value in values.items()}


def answer(host: str, action: str = "disk-cleanup", risk: str = "low", target: str = "") -> Series:
    """Return the series by which an actor answers disk_exhaustion with an action, for all targets or for one."""
    override = f',target="{target}"' if target else ""
    name = f'homeostat_problem_action_info{{problem="disk_exhaustion",action="{action}",risk="{risk}"{override}}}'
    return {on(host, name): steady(1)}


def problem(host: str, prediction: float | str = 0.89, target: str = "/srv") -> Series:
    """Return an asserted disk_exhaustion."""
    key = f'{{problem="disk_exhaustion",target="{target}",resource="filesystem"}}'
    return {on(host, f"homeostat_problem_confidence_ratio{key}"): steady(prediction)}


def on(host: str, series: str) -> str:
    """Return the series with its host, and an instance as every scrape adds."""
    name, _, labels = series.partition("{")
    return f'{name}{{host="{host}",instance="{host}:1",{labels}'.replace(",}", "}")


class Chain:
    """Series in, decisions out: runs the decision rules over them in promtool."""

    answer = staticmethod(answer)
    levels = LEVELS
    never = NEVER
    policy = staticmethod(policy)
    problem = staticmethod(problem)
    record = staticmethod(record)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def whole(self, host: str, prediction: float | str = 0.89, level: str = "moderate") -> Series:
        """Return everything that the worked example needs."""
        return {**problem(host, prediction), **policy(host, level), **record(host), **answer(host)}

    def expect(self, series: Series, *checks: tuple[str, str, dict[str, float]]) -> None:
        """Run promtool; a check is a time, a query and what it yields. Raises AssertionError with promtool's words."""
        expressions = [
            {
                "eval_time": time,
                "expr": query,
                "exp_samples": [{"labels": labels, "value": value} for labels, value in samples.items()],
            }
            for time, query, samples in checks
        ]
        test = {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": expressions,
        }
        rules = str(RULES / "decision.rules.yml")
        path = self.folder / "generated.test.yml"
        path.write_text(json.dumps({"rule_files": [rules], "evaluation_interval": "1m", "tests": [test]}))
        run = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr

    def decides(self, series: Series, *, at: dict[str, dict[str, str]]) -> None:
        """Expect, at each time, exactly these hosts to have exactly this one decision alert firing."""
        checks = []
        for time, decisions in at.items():
            names = {
                f'{{host="{host}",alertname="{ALERT_OF[it]}",decision="{it}"}}': 1.0 for host, it in decisions.items()
            }
            checks.append((time, f"count by (host, alertname, decision) ({DECISION_ALERTS})", names))
        self.expect(series, *checks)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """Return a function that runs promtool with the given arguments in the folder of the rules."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["promtool", *arguments], cwd=RULES, capture_output=True, text=True, check=False)

    return run
