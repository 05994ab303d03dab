"""What was done and what came of it, counted in the journal: a restart makes no counter fall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from actor.journal import totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from actor.world import World

_COUNTERS = {
    "homeostat_deliveries_total": ("Deliveries stored, by where they came from.", ("source",)),
    "homeostat_alerts_received_total": ("Alerts stored.", ("source",)),
    "homeostat_alerts_decided_total": ("Stored alerts decided, by what became of them.", ("disposition",)),
    "homeostat_actions_total": ("Incidents ended, by outcome.", ("action", "target", "decision", "outcome")),
    "homeostat_incidents_ended_total": ("Episodes that ended, by the last decision and how they were acted on.", ("problem", "decision", "acted")),
    "homeostat_verifications_total": ("Verifications of what was done, by what they saw.", ("action", "finding")),
    "homeostat_action_recurrences_total": ("Executions whose problem came back within an hour, by what they had ended as.", ("action", "target", "outcome")),
    "homeostat_protections_pruned_total": ("What made actions undoable and was deleted, by why it went.", ("protection", "reason")),
    "homeostat_gate_refusals_total": ("Gates that did not allow.", ("gate", "action")),
    "homeostat_journal_pruned_total": ("Rows that the journal has kept long enough and removed.", ("kind",)),
}
_HISTOGRAMS = {
    "homeostat_action_duration_seconds": ("How long executed actions took, from the gates' yes to the outcome.", ("action",)),
    "homeostat_decision_confidence_ratio": ("Confidence of the decisions heard of.", ("decision",)),
    "homeostat_action_confidence_ratio": ("Confidence of the decisions heard of, by their action.", ("action",)),
    "homeostat_resolution_seconds": ("How long problems lasted, from noticed to confirmed gone.", ("problem",)),
}


def all_counted(world: World) -> Iterator[Metric]:
    """Yield every counter and histogram of the journal."""
    stored = totals.read(world.journal)
    for name, (text, labels) in _COUNTERS.items():
        family = CounterMetricFamily(name, text, labels=["host", *labels])
        for found, value in stored.get(name, []):
            family.add_metric([found.get("host", world.config.host), *(found[label] for label in labels)], value)
        yield family
    for name, (text, labels) in _HISTOGRAMS.items():
        yield _histogram(name, text, labels, stored)


def _histogram(name: str, text: str, labels: tuple[str, ...], stored: dict[str, list[tuple[dict[str, str], float]]]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=["host", *labels])
    sums = {tuple(found[label] for label in ("host", *labels)): value for found, value in stored.get(f"{name}_sum", [])}
    buckets: dict[tuple[str, ...], list[tuple[str, float]]] = {}
    for found, value in stored.get(f"{name}_bucket", []):
        buckets.setdefault(tuple(found[label] for label in ("host", *labels)), []).append((found["le"], value))
    for key, of_key in buckets.items():
        family.add_metric(list(key), sorted(of_key, key=lambda bucket: float(bucket[0])), sums[key])
    return family
