"""What Prometheus held of one host's target at one moment, in two queries; decisions are explained from these series only."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from homeostat.prometheus import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeostat.prometheus import Prometheus, Sample

OF_TARGET = (
    "homeostat_usage_ratio",
    "homeostat_limit_probability_ratio",
    "homeostat_time_to_limit_seconds",
    "homeostat_forecast_unavailable",
    "homeostat_problem_confidence_ratio",
    "target:homeostat_problem:info",
    "target:homeostat_prediction:ratio",
    "target:homeostat_severity:info",
    "target_action:homeostat_choice:info",
    "target_action:homeostat_confidence:ratio",
    "target_action:homeostat_threshold:ratio",
    "target_action:homeostat_decision:ratio",
)
OF_HOST = (
    "homeostat_exporter_last_success_timestamp_seconds",
    "homeostat_actor_ready",
    "homeostat_mode",
    "homeostat_autonomy_level",
    "homeostat_schedule_active",
    "homeostat_problem_action_info",
    "homeostat_action_historical_success_ratio",
    "homeostat_action_impact_certainty_ratio",
    "homeostat_action_rollback_feasibility_ratio",
    "homeostat_action_learned_offset_ratio",
    "homeostat_action_trials",
    "homeostat_action_min_confidence_ratio",
    "homeostat_confidence_weight_ratio",
    "homeostat_autonomy_threshold_ratio",
    "homeostat_prediction_floor_ratio",
    "homeostat_trials_floor",
    "risk:homeostat_policy:info",
)


class Key(NamedTuple):
    """What names one problem at one target."""

    host: str
    problem: str
    target: str
    resource: str


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Samples of one target and of its host's policy; `at` is the moment in Unix seconds, None for now."""

    samples: tuple[Sample, ...]
    at: float | None = None

    def all(self, name: str, **labels: str) -> list[Sample]:
        """Return the samples of a metric that bear these labels."""
        return [sample for sample in self.samples if sample.labels.get("__name__") == name and labels.items() <= sample.labels.items()]

    def least(self, name: str, **labels: str) -> float | None:
        """Return the lowest value, None where there is none."""
        return min((sample.value for sample in self.all(name, **labels)), default=None)

    def most(self, name: str, **labels: str) -> float | None:
        """Return the highest value, None where there is none."""
        return max((sample.value for sample in self.all(name, **labels)), default=None)

    def keys(self, host: str, target: str) -> list[Key]:
        """Return the problems at a target that anything is known of."""
        found = {(sample.labels["problem"], sample.labels.get("resource", "")) for sample in self.samples if sample.labels.get("target") == target and "problem" in sample.labels}
        return [Key(host, problem, target, resource) for problem, resource in sorted(found) if resource]


def look(prometheus: Prometheus, host: str, target: str, at: float | None = None) -> Facts:
    """Ask Prometheus for a target's series and its host's policy, as they are or as they were at a Unix time. Raises PrometheusError."""
    samples = [sample for query in queries(host, target, at) for sample in prometheus.query(query)]
    return Facts(tuple(samples), at)


def queries(host: str, target: str, at: float | None = None) -> tuple[str, str]:
    """Return what is asked of Prometheus for that: of the target, and of the host's policy."""
    return _selector(OF_TARGET, {"host": host, "target": target}, at), _selector(OF_HOST, {"host": host}, at)


def _selector(names: tuple[str, ...], labels: Mapping[str, str], at: float | None) -> str:
    matchers = ",".join(f"{name}={quoted(value)}" for name, value in labels.items())
    moment = f" @ {at:.3f}" if at is not None else ""
    return f"{{__name__=~{quoted('|'.join(names))},{matchers}}}{moment}"
