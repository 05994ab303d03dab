"""What must be true in Prometheus' own data at the end, each as PromQL."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from deploy.demo import sandbox
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from deploy.demo.stack import Stack
    from homeostat.prometheus import Prometheus


@dataclasses.dataclass(frozen=True)
class Expectation:
    """A sentence, and PromQL that answers with a sample exactly when it is true."""

    sentence: str
    promql: str

    def met(self, prometheus: Prometheus) -> float | None:
        """Return the value that shows it, or None while it is not true."""
        try:
            samples = prometheus.query(self.promql)
        except PrometheusError:
            return None
        return samples[0].value if samples else None


def expectations(stack: Stack) -> list[Expectation]:
    """Return what this sandbox must show."""
    path, memory = str(stack.sandbox.path), "process_resident_memory_bytes"
    return [
        Expectation("disk-cleanup was executed by itself and verified", _done("disk-cleanup", path, "succeeded")),
        Expectation("it ran before the limit: never less than 10 % were free", f"min_over_time(({_free(stack, '')})[10m:2s]) > 0.10"),
        Expectation("free space went up by more than 3 % of the size", f"max_over_time(({_free(stack, '')} - {_free(stack, ' offset 30s')})[10m:2s]) > 0.03"),
        Expectation("leaky was restarted and verified", _done("service-restart", "leaky", "succeeded")),
        Expectation("its memory fell by more than 10 MB", f'max_over_time(sum({memory}{{job="leaky"}} offset 20s - {memory}{{job="leaky"}})[10m:2s]) > {10 * 1000**2}'),
        Expectation("the weak prediction about hesitant ended as a proposal", _proposed("hesitant") + ' and on () ALERTS{alertname="HomeostatPropose",target="hesitant"}'),
        Expectation("guarded, with auto_restart: false, became a proposal", _proposed("guarded")),
        Expectation("nothing was executed on hesitant or guarded", 'absent(homeostat_actions_total{target=~"hesitant|guarded",outcome=~"succeeded|warned|failed|rolled_back|unverified"})'),
        Expectation("stranger, outside the catalogue, was refused", _done("service-restart", "stranger", "refused")),
        Expectation("by the gate that knows the catalogue", 'sum(homeostat_gate_refusals_total{gate="known"}) > 0'),
    ]


def _free(stack: Stack, offset: str) -> str:
    """Return PromQL for the free share of the sandbox, as it is or as it was."""
    if not stack.sandbox.own_filesystem:
        return f"sum(1 - sandbox_used_bytes{offset} / {sandbox.SIZE_MIB * 1024**2})"
    mounted = f'{{mountpoint="{stack.sandbox.path}"}}{offset}'
    return f"sum(node_filesystem_avail_bytes{mounted} / node_filesystem_size_bytes{mounted})"


def _done(action: str, target: str, outcome: str) -> str:
    return f'sum(homeostat_actions_total{{action="{action}",target="{target}",outcome="{outcome}"}}) > 0'


def _proposed(target: str) -> str:
    return f'max(homeostat_proposal_expires_timestamp_seconds{{action="service-restart",target="{target}"}}) > 0'
