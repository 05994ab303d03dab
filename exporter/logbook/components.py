"""Whose line it is: a service of the catalogue by its name, else a unit, of which only so many are told apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exporter.logbook.tally import OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.logbook.journal import Line
    from homeostat.config.catalogue import Service

KERNEL = "kernel"
# What runs under a name that is made for one run.
_NUMBERED = re.compile(r"[0-9a-f]{8,}|\d+")
_INSTANCE = re.compile(r"@[^.]*")
_MOST_LETTERS = 60
# What Homeostat itself says repeats what is wrong elsewhere, and its own faults have metrics of their own.
_OWN = "homeostat"

Key = tuple[str, str]


def places(services: Mapping[str, Service]) -> dict[Key, str]:
    """Return by which unit or container the journal knows each service of the catalogue."""
    kinds = {"systemd": "unit", "systemd-user": "user unit", "podman": "container"}
    return {(kinds[service.manager], service.unit): name for name, service in services.items() if service.unit is not None and service.manager in kinds}


def component_of(line: Line, known: Mapping[Key, str]) -> str | None:
    """Return whose line it is; None for Homeostat's own."""
    keys = (("container", line.container), ("user unit", line.user_unit), ("unit", line.unit))
    service = next((known[key] for key in keys if key in known), None)
    if service is not None:
        return service
    unit = line.container or line.user_unit or line.unit
    if unit.startswith(_OWN):
        return None
    if line.kernel:
        return KERNEL
    return _kind(unit or line.identifier) or OTHER


def _kind(name: str) -> str:
    """Return a unit's name without what changes from run to run: an instance, a number, a hash; anyone may log under a name that no page can show."""
    kind = _NUMBERED.sub("N", _INSTANCE.sub("@", name))[:_MOST_LETTERS]
    return "".join(letter if letter.isprintable() else "?" for letter in kind)
