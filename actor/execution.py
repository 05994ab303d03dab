"""Runs a step's program so that nothing of it escapes: in a systemd unit of its own where systemd is, else in a process group.

The unit bears a token that the journal knows before the unit exists. systemd refuses a second unit of one name, so the
program starts at most once; the unit outlives the actor, its whole control group ends at the deadline, and its result
stays until it is released.
"""

from __future__ import annotations

import pathlib
import secrets
from typing import TYPE_CHECKING

import msgspec

from actor.model import StepFailed
from homeostat import shell
from homeostat.shell import Completed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from actor.model import Case, Command, Effect

SYSTEMCTL, SYSTEMD_RUN, JOURNALCTL = "/usr/bin/systemctl", "/usr/bin/systemd-run", "/usr/bin/journalctl"
_SYSTEMD_RUNS = pathlib.Path("/run/systemd/system")
_NAMED_BY = "HOMEOSTAT_COMMAND"
_BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")
_ASK_SECONDS = 10
_MARGIN_SECONDS = 5
_SYNC_SECONDS = 30
_MOST_LINES = 200
_FENCE = "Homeostat: nothing may start under this name any more"
_PROPERTIES = "LoadState,ActiveState,Result,ExecMainStatus,Description,ControlGroup"


def fenced(command: Command) -> Command:
    """Return the command with a token of its own and this boot's id, to be journalled before it is begun."""
    return msgspec.structs.replace(command, token=secrets.token_hex(6), boot_id=_boot_id())


def run(case: Case, command: Command, argv: Sequence[str], deadline_seconds: float) -> Completed:
    """Run `argv` for a begun command and wait for it; at the deadline or a stop everything that it started is killed.

    What a program leaves running when it ends well (the service that it started) goes on. Raises ValueError as `shell.run`.
    """
    if not command.token or not _SYSTEMD_RUNS.exists():
        return shell.run(argv, deadline_seconds, case.stopped, {_NAMED_BY: command.token})
    name = _name(case, command)
    ended = shell.run(_start(name, case, argv, deadline_seconds), deadline_seconds + _MARGIN_SECONDS, case.stopped)
    seen = _show(name)
    if ended.cut or not seen or seen["Description"] == _FENCE:
        _end(name)
        return Completed(tuple(argv), ended.status, ended.output, ended.cut or "it could not be started in a unit of its own")
    cut = f"ended at its deadline of {deadline_seconds:g} s" if seen["Result"] == "timeout" else None
    # A program that a signal ended has no exit code of its own; systemd's word for it is the reason.
    status = int(seen["ExecMainStatus"]) or int(seen["Result"] != "success")
    return Completed(tuple(argv), status, _output(name), cut)


def fate(case: Case, command: Command) -> Effect | None:
    """Say what became of a begun command's unit: `none` is for ever, for its name is taken then; None where no unit tells.

    Raises:
        StepFailed: systemd does not answer.

    """
    if not command.token or command.boot_id != _boot_id():
        return None
    if not _SYSTEMD_RUNS.exists():
        return "running" if _leader(command) is not None else None
    name = _name(case, command)
    # The actor may have died with its request still on the way to systemd: taking the name first makes `none` true.
    fence = shell.run((SYSTEMD_RUN, "--quiet", *_unit(name, _FENCE), "--", "/bin/true"), _ASK_SECONDS)
    seen = _show(name)
    if fence.ok or (seen and seen["Description"] == _FENCE):
        return "none"
    if not seen:
        raise StepFailed(f"systemd does not say what became of {name}: {fence}")
    if seen["ActiveState"] in {"activating", "deactivating"}:
        return "running"
    return "done" if seen["Result"] == "success" else "partial"


def release(case: Case, commands: Iterable[Command]) -> None:
    """Let the units of an incident's commands go once their results are journalled, with whatever still runs in them.

    Only what a command that ended well has left running stays: it is the service that was started.
    """
    if not _SYSTEMD_RUNS.exists():
        for leading in filter(None, map(_leader, commands)):
            shell.end(leading)
        return
    for command in commands:
        name = _name(case, command)
        seen = _show(name) if command.token and command.boot_id == _boot_id() else None
        if seen and not (seen["ActiveState"] == "active" and _holds_processes(seen["ControlGroup"])):
            _end(name)


def _leader(command: Command) -> int | None:
    """Return the process that a begun command's program runs in, also when the actor that began it is dead; None when it has ended."""
    argv = command.arguments.get("argv")
    return shell.leader(argv, f"{_NAMED_BY}={command.token}") if argv and command.token else None


def _name(case: Case, command: Command) -> str:
    return f"homeostat-{case.incident_id}-{command.token}.service"


def _unit(name: str, description: str) -> tuple[str, ...]:
    return (
        "--no-ask-password",
        f"--unit={name}",
        f"--description={description}",
        "--service-type=oneshot",
        "--property=RemainAfterExit=yes",
    )


def _start(name: str, case: Case, argv: Sequence[str], deadline_seconds: float) -> tuple[str, ...]:
    # Told no otherwise, systemd's own tools speak to the journal past their output, which loses whose words they were when they end.
    said = {**shell.ENVIRONMENT, "SYSTEMD_LOG_TARGET": "console"}
    environment = (f"--setenv={key}={value}" for key, value in said.items())
    # systemd replaces $NAME in the words of a command; a doubled dollar is one dollar.
    words = (word.replace("$", "$$") for word in argv)
    limits = (f"--property=TimeoutStartSec={deadline_seconds:g}s", "--property=TimeoutStopSec=1s", "--property=KillSignal=SIGKILL")
    return (SYSTEMD_RUN, "--quiet", *_unit(name, f"Homeostat: {case.action} on {case.target}"), *limits, *environment, "--", *words)


def _show(name: str) -> dict[str, str] | None:
    """Return what systemd knows of a unit, None where it knows none or does not answer."""
    shown = shell.run((SYSTEMCTL, "show", f"--property={_PROPERTIES}", "--", name), _ASK_SECONDS)
    values = dict(line.split("=", 1) for line in shown.output.splitlines() if "=" in line)
    return values if shown.ok and values.get("LoadState") == "loaded" else None


def _end(name: str) -> None:
    shell.run((SYSTEMCTL, "kill", "--signal=KILL", "--", name), _ASK_SECONDS)
    shell.run((SYSTEMCTL, "stop", "--", name), _ASK_SECONDS)
    shell.run((SYSTEMCTL, "reset-failed", "--", name), _ASK_SECONDS)


def _holds_processes(control_group: str) -> bool:
    roots = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd")
    files = (pathlib.Path(f"{root}{control_group}/cgroup.procs") for root in roots if control_group)
    return any(file.exists() and file.read_text(encoding="ascii").strip() for file in files)


def _output(name: str) -> str:
    """Return the last lines that a unit's program said, from systemd's journal; one that keeps none has none."""
    # On a busy host the journal lags behind what it was told.
    shell.run((JOURNALCTL, "--sync"), _SYNC_SECONDS)
    told = shell.run((JOURNALCTL, "--quiet", "--no-pager", "--output=cat", f"--lines={_MOST_LINES}", f"_SYSTEMD_UNIT={name}"), _ASK_SECONDS)
    return told.output if told.ok else ""


def _boot_id() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip()
