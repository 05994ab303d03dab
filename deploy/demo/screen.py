"""The chain, live: what is predicted, how sure, which decision, where it is in the pipeline, what came of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import rich.table
import rich.text

from homeostat.cli.desk import printable
from homeostat.daemon_client import DaemonClient, DaemonError
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from deploy.demo.stack import Stack
    from homeostat.prometheus import Prometheus

COLUMNS = ("target", "used", "limit in", "probability", "confidence", "decision", "pipeline", "why")


@dataclasses.dataclass(frozen=True)
class Screen:
    """Reads the chain from Prometheus and the actor's journal."""

    stack: Stack
    prometheus: Prometheus
    actor: DaemonClient

    def rows(self) -> list[tuple[str, ...]]:
        """Return one row a target."""
        used = self._by_target("homeostat_usage_ratio")
        limit = self._by_target('homeostat_time_to_limit_seconds{bound="median"}')
        probability = self._by_target('homeostat_limit_probability_ratio{horizon="10m"}')
        decisions = self._labelled("target_action:homeostat_decision:ratio")
        incidents = self._incidents()
        return [
            (
                self._short(target),
                f"{used[target]:.0%}",
                f"{limit[target]:.0f} s" if limit.get(target, float("inf")) < 1e6 else "not in sight",
                f"{probability[target]:.2f}" if target in probability else "",
                *_decision(decisions.get(target)),
                *_incident(incidents.get(target)),
            )
            for target in sorted(used)
        ]

    def table(self, elapsed_seconds: float) -> rich.table.Table:
        """Draw the rows."""
        drawn = rich.table.Table(*COLUMNS, title=f"{elapsed_seconds:.0f} s after the start", title_justify="left", expand=True)
        for row in self.rows():
            drawn.add_row(*(rich.text.Text(printable(cell)) for cell in row))
        return drawn

    def _short(self, target: str) -> str:
        return "the sandbox's disk" if target == str(self.stack.sandbox.path) else target

    def _labelled(self, promql: str) -> dict[str, tuple[dict[str, str], float]]:
        try:
            samples = self.prometheus.query(promql)
        except PrometheusError:
            return {}
        return {sample.labels.get("target", ""): (dict(sample.labels), sample.value) for sample in samples}

    def _by_target(self, promql: str) -> dict[str, float]:
        return {target: value for target, (_, value) in self._labelled(promql).items()}

    def _incidents(self) -> dict[str, dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self.actor.get("decisions", last=3600.0)
        except DaemonError:
            return {}
        return {incident["target"]: incident for incident in reversed(found)}


def _decision(found: tuple[dict[str, str], float] | None) -> tuple[str, str]:
    return ("", "") if found is None else (f"{found[1]:.3f}", f"{found[0].get('decision')} {found[0].get('action')}")


def _incident(incident: dict[str, Any] | None) -> tuple[str, str]:
    return ("", "") if incident is None else (incident["outcome"] or incident["state"], incident["reason"])
