"""Every service of the catalogue is known to what runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.doctor import told
from homeostat.doctor.model import Check, Finding, Subject, failed, passed

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    services = told.host_health(subject.doors).services
    unknown = {name: why for name, why in services.items() if why is not None}
    for name, why in unknown.items():
        yield failed(f"{name}: {why}", f"mend services.{name} ({_key(subject, name)}), or take it out of the catalogue")
    if not unknown:
        yield passed(f"what runs them knows all of {len(services)} services" if services else "the catalogue has no service")


def _key(subject: Subject, name: str) -> str:
    service = subject.doors.config.services.get(name)
    return "commands" if service is not None and service.manager == "command" else "manager and unit"


CHECK = Check(order=190, ask=_ask)
