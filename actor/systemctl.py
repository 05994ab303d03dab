"""What is asked of systemctl, the same for the system's systemd and a user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv, Service

_PROPERTIES = "LoadState,ActiveState,SubState,InvocationID,MainPID,MemoryCurrent,NRestarts,NeedDaemonReload"


def show(service: Service) -> Argv:
    """Return the words that show the service's exact unit in `Key=Value` lines."""
    assert service.unit is not None
    return ("show", f"--property={_PROPERTIES}", "--", service.unit)


def restart(service: Service) -> Argv:
    """Return the words that restart the service's exact unit."""
    assert service.unit is not None
    # --job-mode=fail: a restart never cancels a job that somebody else has queued.
    return ("restart", "--job-mode=fail", "--no-ask-password", "--", service.unit)
