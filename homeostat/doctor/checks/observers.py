"""What the exporter looks at on its own host can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeostat.doctor.model import Check, Finding, Subject, named, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    told: dict[str, Any] = subject.doors.exporter.get("observations")["observers"]
    blind = {name: look["reason"] or f"its last look has not ended, which comes every {look['every_seconds']:g} s" for name, look in told.items() if not look["up"]}
    for name, reason in blind.items():
        yield warned(f"the observer {name} does not see: {reason}", f"mend that, or set exporter.observers.{name.replace('-', '_')}.enabled: false")
    if not blind:
        yield passed(f"the exporter's host is looked at: {named(told)}" if told else "no observer is switched on")


CHECK = Check(order=85, ask=_ask)
