"""Units of the system's systemd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.model import Manager

if TYPE_CHECKING:
    from homeostat.config.types import Argv, Service

PROPERTIES = "LoadState,ActiveState,SubState,InvocationID,MainPID,MemoryCurrent,NRestarts,NeedDaemonReload"


def _show(service: Service) -> Argv:
    assert service.unit is not None
    return ("/usr/bin/systemctl", "show", f"--property={PROPERTIES}", "--", service.unit)


def _restart(service: Service) -> Argv:
    assert service.unit is not None
    # --job-mode=fail: a restart never cancels a job that somebody else has queued.
    return ("/usr/bin/systemctl", "restart", "--job-mode=fail", "--no-ask-password", "--", service.unit)


MANAGER = Manager(show=_show, restart=_restart)
