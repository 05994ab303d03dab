"""Asks a service's manager what it knows; every manager answers in systemd's `Key=Value` lines."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from actor import managers
from actor.model import Manager, StepFailed, UnitState
from homeostat import shell
from homeostat.discovery import discover

if TYPE_CHECKING:
    from homeostat.config.catalogue import Service

MANAGERS = discover(managers, "MANAGER", Manager)
_SHOW_SECONDS = 10


def show(service: Service) -> UnitState:
    """Return what the manager says of `service` now.

    Raises:
        StepFailed: the manager gave no answer, one without ActiveState, or knows no such unit that could run.

    """
    completed = shell.run(MANAGERS[service.manager].show(service), _SHOW_SECONDS)
    values = dict(line.split("=", 1) for line in completed.output.splitlines() if "=" in line)
    if not completed.ok or "ActiveState" not in values:
        raise StepFailed(f"the manager does not say how the service is: {completed}")
    if values.get("LoadState", "loaded") != "loaded":
        raise StepFailed(f"the unit {service.unit!r} is {values['LoadState']}; only a loaded one can be restarted")
    if values.get("ContainerName", service.unit) != service.unit:
        raise StepFailed(f"no container has the name {service.unit!r}; the id of {values['ContainerName']!r} only begins like it")
    memory = values.get("MemoryCurrent", "")
    pid = values.get("MainPID", "")
    main_pid = int(pid) if pid.isdecimal() else 0
    return UnitState(
        active=values["ActiveState"] == "active",
        invocation=values.get("InvocationID", ""),
        main_pid=main_pid,
        memory_bytes=int(memory) if memory.isdigit() and int(memory) < 2**62 else _resident_bytes(main_pid),
        needs_reload=values.get("NeedDaemonReload") == "yes",
    )


def _resident_bytes(pid: int) -> int | None:
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    lines = (line.split() for line in text.splitlines() if line.startswith("VmRSS:"))
    return next((int(words[1]) * 1024 for words in lines), None)
