"""Whether each service of the catalogue runs as its files declare it: minor or major, with the difference in words (SPEC 3.5)."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, get_args

import msgspec

from exporter.declared import gather_units
from exporter.observation import Looking, Metric, Observer, Sight, Trouble
from homeostat.units.differences import as_started, differences
from homeostat.units.facts import DriftSeverity, Kind, Look, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homeostat.units.differences import Difference
    from homeostat.units.facts import Unit
    from homeostat.words import Severity

_HELP = {
    "drift_observed": "Whether a service of the catalogue and its files could be compared.",
    "drift_differences": "How many things of a service run otherwise than they are declared, by what they are about and how much that matters; 0 when none does.",
}
_MOST_LETTERS = 600
_URGENCY: dict[DriftSeverity, Severity] = {"minor": "info", "major": "warning"}


class Started(msgspec.Struct, frozen=True):
    """What a service's files said when this invocation of it was started."""

    invocation: str
    settings: Settings


class Memory(msgspec.Struct, frozen=True):
    """By service, what its files said when it was started, as far as that was seen."""

    services: dict[str, Started] = {}


def _read(facts: Look, looking: Looking) -> Sight:
    before: Memory = looking.memory or Memory()
    remembered = {name: started for name, started in before.services.items() if name in facts.unseen or _still(started, facts.units.get(name))}
    remembered |= {name: Started(unit.invocation, settings) for name, unit in facts.units.items() if (settings := as_started(unit)) is not None}
    metrics: list[Metric] = [Metric("drift_observed", 0.0, {"target": name}) for name in facts.unseen]
    troubles: list[Trouble] = []
    for name, unit in facts.units.items():
        started = remembered.get(name)
        found = differences(unit, started.settings if started is not None else None)
        metrics += _counted(name, found)
        troubles += [_trouble(name, found)] if found else []
    return Sight(tuple(metrics), tuple(troubles), memory=Memory(remembered))


def _still(started: Started, unit: Unit | None) -> bool:
    return unit is not None and unit.invocation == started.invocation


def _counted(name: str, found: Sequence[Difference]) -> Iterator[Metric]:
    yield Metric("drift_observed", 1.0, {"target": name})
    counts = collections.Counter((each.kind, each.severity) for each in found)
    for kind in get_args(Kind):
        for severity in get_args(DriftSeverity):
            yield Metric("drift_differences", float(counts[kind, severity]), {"target": name, "kind": kind, "severity": severity})


def _trouble(name: str, found: Sequence[Difference]) -> Trouble:
    severity: DriftSeverity = "major" if any(each.severity == "major" for each in found) else "minor"
    words = "; ".join(each.words for each in found)
    told = words if len(words) <= _MOST_LETTERS else f"{words[:_MOST_LETTERS]}..."
    return Trouble(f"config_drift_{severity}", name, "service", 1.0, _URGENCY[severity], told)


OBSERVER = Observer(help=_HELP, facts=Look, gather=gather_units, read=_read, memory=Memory, needs_root=True, kept=lambda looking: None if looking.config.services else Look())
