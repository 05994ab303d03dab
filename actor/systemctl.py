"""What is asked of systemctl and of the journal, the same for the system's systemd and a user's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.model import StepFailed
from homeostat.units.places import SYSTEM, Unreachable, of_user

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv, Service
    from homeostat.units.places import Place

JOURNALCTL = "/usr/bin/journalctl"
_PROPERTIES = (
    "LoadState", "ActiveState", "InvocationID", "MainPID", "MemoryCurrent", "NeedDaemonReload", "ExecMainStartTimestamp",
    "FragmentPath", "SourcePath", "DropInPaths", "Names", "RequiredBy", "BoundBy", "ConsistsOf",
    "StartLimitBurst", "StartLimitIntervalUSec", "StateChangeTimestampMonotonic",
)  # fmt: skip
# systemd's own ids of "Starting", "Started" and "Failed to start".
_STARTS = ("7d4958e842da4a758f6c1cdc7b36dcc5", "39f53479d3a045ac8e11786248231fbf", "be02cf6855d2428ba40df7e9d022f03d")


def user_of(service: Service) -> str | None:
    """Return whose unit a service is, None for the system's."""
    return service.user if service.manager == "systemd-user" else None


def place_of(user: str | None) -> Place:
    """Return the place of the system's units, or of a user's. Raises StepFailed where a user's cannot be reached."""
    try:
        return SYSTEM if user is None else of_user(user)
    except Unreachable as fault:
        raise StepFailed(str(fault)) from None


def show(service: Service) -> Argv:
    """Return the words that show the service's exact unit in `Key=Value` lines."""
    assert service.unit is not None
    return ("show", "--timestamp=us+utc", f"--property={','.join(_PROPERTIES)}", "--", service.unit)


def restart(service: Service) -> Argv:
    """Return the words that restart the service's exact unit."""
    assert service.unit is not None
    # --job-mode=fail: a restart never cancels a job that somebody else has queued.
    return ("restart", "--job-mode=fail", "--no-ask-password", "--", service.unit)


def starts(lines: int, *matches: str) -> Argv:
    """Return the argv that lists the last messages of this boot about starts of a unit, each a line of JSON."""
    ids = (f"MESSAGE_ID={message}" for message in _STARTS)
    return (JOURNALCTL, "--boot", "--no-pager", "--quiet", "--output=json", f"--lines={lines}", *ids, *matches)
