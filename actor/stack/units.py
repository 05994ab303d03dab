"""What a deployment asks of systemd: how a unit is, to start it, to stop it, and to read its files anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from actor.execution import SYSTEMCTL
from homeostat import shell

if TYPE_CHECKING:
    from collections.abc import Callable

_PROPERTIES = "LoadState,ActiveState,Result,Type,InvocationID,UnitFileState"
_ASK_SECONDS, _STOP_SECONDS, _RELOAD_SECONDS = 10, 120, 90
_NOT_UP = {"inactive", "failed", "deactivating", ""}


class UnitFailed(Exception):  # noqa: N818 - a past tense like every outcome
    """systemd did not do what was asked; the message says what it said."""


class UnitNow(msgspec.Struct, frozen=True, kw_only=True):
    """How a unit is; `well` is also one that had a single thing to do and did it, `outdated` one that runs, but not what it would now: another image than its name means, or not all of its containers."""

    load: str
    active: bool
    well: bool
    invocation: str
    enabled: bool
    outdated: bool = False


def look(unit: str) -> UnitNow:
    """Return how a unit is now; one that nobody knows is not active. Raises UnitFailed."""
    shown = shell.run((SYSTEMCTL, "show", f"--property={_PROPERTIES}", "--", unit), _ASK_SECONDS)
    values = dict(line.split("=", 1) for line in shown.output.splitlines() if "=" in line)
    if not shown.ok or "ActiveState" not in values:
        raise UnitFailed(f"systemd does not say how {unit} is: {shown}")
    active = values["ActiveState"] not in _NOT_UP
    done = values.get("Type") == "oneshot" and values["ActiveState"] == "inactive" and values.get("Result") == "success"
    return UnitNow(
        load=values.get("LoadState", ""),
        active=active,
        well=values["ActiveState"] == "active" or (done and bool(values.get("InvocationID"))),
        invocation=values.get("InvocationID", ""),
        enabled=values.get("UnitFileState") in {"enabled", "enabled-runtime"},
    )


def start(unit: str, seconds: float, stopped: Callable[[], bool]) -> None:
    """Start a unit, or restart one that runs. Raises UnitFailed."""
    # A former run of bad starts must not forbid this one.
    shell.run((SYSTEMCTL, "reset-failed", "--no-ask-password", "--", unit), _ASK_SECONDS)
    _do(("restart", "--no-ask-password", "--", unit), seconds, stopped)


def stop(unit: str) -> None:
    """Stop a unit, and whatever start of it is on its way. Raises UnitFailed."""
    _do(("stop", "--no-ask-password", "--", unit), _STOP_SECONDS)
    shell.run((SYSTEMCTL, "reset-failed", "--no-ask-password", "--", unit), _ASK_SECONDS)


def enable(unit: str, *, wanted: bool) -> None:
    """Let a unit start at boot, or not any more. Raises UnitFailed."""
    _do(("enable" if wanted else "disable", "--no-ask-password", "--no-reload", "--", unit), _ASK_SECONDS)


def read_anew() -> None:
    """Have systemd read all units anew, with what its generators make of quadlets. Raises UnitFailed."""
    _do(("daemon-reload",), _RELOAD_SECONDS)


def _do(words: tuple[str, ...], seconds: float, stopped: Callable[[], bool] = lambda: False) -> None:
    ended = shell.run((SYSTEMCTL, *words), seconds, stopped)
    if not ended.ok:
        raise UnitFailed(str(ended))
