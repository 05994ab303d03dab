"""How much of the time work waits for processor, memory and disk (the kernel's PSI), and how much memory is available."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from exporter.observation import Looking, Metric, NotSeen, Observer, Sight, Trouble
from homeostat import pressure
from homeostat.pressure import Memory, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config.observers import PressureObserver
    from homeostat.words import Severity

_CONFIDENCE = 0.95


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """How much memory there is, and what work waited for by resource: nothing where the kernel tells no pressure."""

    memory: Memory
    waiting: dict[str, Waiting] = {}


def _gather(looking: Looking) -> Facts:
    del looking
    try:
        memory = pressure.memory()
    except (OSError, ValueError) as fault:
        raise NotSeen(f"/proc/meminfo does not tell how much memory there is: {fault}") from None
    found = {resource: pressure.waiting_for(resource) for resource in pressure.RESOURCES}
    return Facts(memory=memory, waiting={resource: waiting for resource, waiting in found.items() if waiting is not None})


def _read(facts: Facts, looking: Looking) -> Sight:
    metrics = [Metric("memory_available_ratio", facts.memory.available_ratio)]
    for resource, waiting in facts.waiting.items():
        metrics.append(Metric("pressure_waiting_ratio", waiting.some.of_minute, {"resource": resource}))
        metrics.append(Metric("pressure_stalled_ratio", waiting.full.of_minute, {"resource": resource}))
    wrong = list(_wrong(facts, looking.config.exporter.observers.pressure))
    severity: Severity = "critical" if len(wrong) > 1 else "warning"
    trouble = Trouble("resource_pressure", looking.config.host, "memory", _CONFIDENCE, severity, ", and ".join(wrong))
    return Sight(metrics=tuple(metrics), troubles=(trouble,) if wrong else ())


def _wrong(facts: Facts, settings: PressureObserver) -> Iterator[str]:
    """Say what is wrong with the host's memory."""
    memory, available_ratio = facts.waiting.get("memory"), facts.memory.available_ratio
    if memory is not None and memory.full.of_minute > settings.memory_stalled:
        yield f"for {memory.full.of_minute:.0%} of the last minute all work waited for memory (more than {settings.memory_stalled:.0%})"
    if available_ratio < settings.memory_available:
        yield f"only {available_ratio:.1%} of the memory is available (less than {settings.memory_available:.0%})"


OBSERVER = Observer(
    help={
        "memory_available_ratio": "The share of the host's memory that can be had without swapping.",
        "pressure_waiting_ratio": "The share of the last minute in which some work waited for a resource (PSI, some avg60).",
        "pressure_stalled_ratio": "The share of the last minute in which all work waited for a resource (PSI, full avg60).",
    },
    facts=Facts,
    gather=_gather,
    read=_read,
)
