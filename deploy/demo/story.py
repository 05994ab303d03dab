"""Whether the journal and Prometheus tell the same story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeostat.daemon_client import DaemonClient, DaemonError
from homeostat.prometheus import Prometheus, PrometheusError
from homeostat.words import EXECUTED, SELFTEST

if TYPE_CHECKING:
    from collections.abc import Iterable

_HOUR_SECONDS = 3600.0
_LABELS = ("action", "target", "decision", "outcome")

Story = dict[tuple[str, ...], float]


def differences(prometheus: Prometheus, actor: DaemonClient) -> list[str]:
    """Return in words where they differ: an ended incident that is not counted, or an execution counted otherwise."""
    try:
        incidents: list[dict[str, Any]] = actor.get("decisions", last=_HOUR_SECONDS)
        samples = prometheus.query("sum by (action, target, decision, outcome) (homeostat_actions_total)")
    except (DaemonError, PrometheusError) as error:
        return [str(error)]
    counted = {tuple(sample.labels.get(name, "") for name in _LABELS): sample.value for sample in samples}
    journal = _executed_and_ended(incidents)
    missing = [f"the journal knows {' '.join(key)}, Prometheus does not" for key in journal if key not in counted]
    executed = {key: value for key, value in counted.items() if key[-1] in EXECUTED}
    other = [f"{' '.join(key)}: Prometheus counts {value:g}, the journal {journal.get(key, 0):g}" for key, value in executed.items() if journal.get(key) != value]
    return missing + other


def _executed_and_ended(incidents: Iterable[dict[str, Any]]) -> Story:
    story: Story = {}
    for incident in incidents:
        if incident["outcome"] is not None and incident["problem"] != SELFTEST:
            key = tuple(incident[name] for name in _LABELS)
            story[key] = story.get(key, 0) + 1
    return story
