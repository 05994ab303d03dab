"""What this process takes of its host: CPU time, memory and open files, under its daemon's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric


def process_metrics(daemon: str, host: str) -> Iterator[Metric]:
    """Yield what clients usually call `process_*` as `homeostat_<daemon>_process_*`, each with the host's label.

    Under the usual names, targets that look for `process_open_fds` and its like would find Homeostat itself. Nothing comes
    where there is no /proc.
    """
    for family in ProcessCollector(namespace=f"homeostat_{daemon}", registry=None).collect():
        family.samples = [sample._replace(labels={"host": host}) for sample in family.samples]
        yield family
