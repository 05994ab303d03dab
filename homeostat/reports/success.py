"""The success metrics (SPEC 8), each with its recorded rule and its target."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """A recorded rule of 30 days, what it tells a person, and above or below what it is meant to be; `unit` is ratio or seconds."""

    rule: str
    title: str
    unit: Literal["ratio", "seconds"] = "ratio"
    above: float | None = None
    below: float | None = None

    def met(self, value: float) -> bool | None:
        """Say whether a value is as it is meant; None where nothing is meant."""
        if self.above is not None:
            return value > self.above
        return value < self.below if self.below is not None else None

    @property
    def target(self) -> str:
        """What is meant, in words; nothing where nothing is."""
        if self.above is not None:
            return f"more than {self.above:.0%}"
        return f"less than {self.below:.0%}" if self.below is not None else ""


PROACTIVE = "host:homeostat_incidents_proactive:ratio30d"
SUCCEEDED = "host:homeostat_actions_succeeded:ratio30d"
MANUAL = "host:homeostat_decisions_manual:ratio30d"
UNNECESSARY = "host:homeostat_actions_unnecessary:ratio30d"

MEASURES = (
    Measure(PROACTIVE, "acted on before the limit", above=0.80),
    Measure(SUCCEEDED, "actions that succeeded", above=0.95),
    Measure(MANUAL, "left to a person", below=0.10),
    Measure(UNNECESSARY, "marked as unnecessary by a person", below=0.05),
    Measure("host:homeostat_verifications_passed:ratio30d", "verifications passed", above=0.95),
    Measure("host:homeostat_actions_rolled_back:ratio30d", "actions rolled back", below=0.05),
    Measure("host:homeostat_resolution_seconds:mean30d", "mean time to resolve", "seconds"),
    Measure("host:homeostat_unplanned_downtime_seconds:increase30d", "unplanned downtime", "seconds"),
)
