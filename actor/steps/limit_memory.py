"""Limits the memory of the heaviest service that may be limited, for a while: what ends the limit is set up before the limit is.

A timer of systemd's puts the earlier limit back at the latest, whatever becomes of us; a restart of the host forgets both. It and
the release at the incident's end put back only what still is as we set it: a person who sets another limit meanwhile keeps it.
"""

from __future__ import annotations

import pathlib
from typing import Any

import msgspec

from actor import control_groups, execution
from actor.control_groups import SYSTEMCTL, UNLIMITED
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed
from homeostat import pressure, shell
from homeostat.amounts import amount
from homeostat.config import Duration
from homeostat.config.section import MINUTE, Ratio

_DEADLINE_SECONDS = 30
_ASK_SECONDS = 10
_FILE = "50-MemoryHigh.conf"


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To which share of what it uses now it is limited, and for how long at most."""

    share: Ratio = 0.80
    at_most: Duration = Duration(10 * MINUTE)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The host's memory, and the heaviest service that may be limited: what it uses, and its limit (MemoryHigh) now.

    `lasting_limit` is one that somebody has set for good with `systemctl set-property`: ours beside it would not end cleanly.
    """

    total_bytes: int
    service: str | None
    unit: str = ""
    memory_bytes: int = 0
    high: str = UNLIMITED
    lasting_limit: bool = False


def _gather(case: Case, options: Options) -> Facts:
    del options
    group, _ = control_groups.heaviest(case.config)
    total_bytes = pressure.memory().total_bytes
    if group is None:
        return Facts(total_bytes=total_bytes, service=None)
    return Facts(
        total_bytes=total_bytes,
        service=group.service,
        unit=group.unit,
        memory_bytes=group.memory_bytes,
        high=group.high,
        lasting_limit=pathlib.Path(f"/etc/systemd/system.control/{group.unit}.d/{_FILE}").exists(),
    )


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    step_bytes = round(control_groups.STEP_RATIO * facts.total_bytes)
    limit_bytes = int(options.share * facts.memory_bytes) // step_bytes * step_bytes
    # A person's own limit is never loosened.
    if facts.service is None or facts.lasting_limit or limit_bytes == 0 or (facts.high != UNLIMITED and int(facts.high) <= limit_bytes):
        return ()
    before = "it has none" if facts.high == UNLIMITED else f"it has {amount(int(facts.high), 'bytes')}"
    return (
        Command(
            step="limit-memory",
            summary=f"limit the memory of {facts.service} ({facts.unit}) to {amount(limit_bytes, 'bytes')} until this is over, for {options.at_most} at most; {before}",
            arguments={
                "argv": list(_set(facts.unit, str(limit_bytes))),
                "service": facts.service,
                "unit": facts.unit,
                "high": str(limit_bytes),
                "before": facts.high,
                "at_most_seconds": float(options.at_most),
            },
            expected="it gives memory back and takes no more than that",
            oracle="MemoryHigh: the value that was to be set says that it was",
        ),
    )


def _set(unit: str, high: str) -> tuple[str, ...]:
    return (SYSTEMCTL, "set-property", "--no-ask-password", "--runtime", "--", unit, f"MemoryHigh={high}")


def _perform(case: Case, command: Command) -> dict[str, Any]:
    wanted = command.arguments
    group = control_groups.group_of(case.config, wanted["service"])
    if group.unit != wanted["unit"] or group.high != wanted["before"]:
        raise StepFailed(f"the limit of {group.unit} is not what it was when the plan was made; it was left as it is")
    ending = shell.run(_timer(case, command), _ASK_SECONDS)
    if not ending.ok:
        raise StepFailed(f"nothing would end the limit for certain, so none was set: {ending}")
    completed = execution.run(case, command, _set(group.unit, wanted["high"]), _DEADLINE_SECONDS)
    if not completed.ok:
        raise StepFailed(f"the limit was not set: {completed}")
    return {"unit": group.unit, "high": wanted["high"], "before": wanted["before"]}


def _timer(case: Case, command: Command) -> tuple[str, ...]:
    """Return the argv that has systemd put the earlier limit back after a time, where ours still stands."""
    wanted = command.arguments
    # The file that set-property writes: as long as nobody else has written it, this line stands in it.
    still_ours = f"/usr/bin/grep -qsxF MemoryHigh={wanted['high']} /run/systemd/system.control/{wanted['unit']}.d/{_FILE}"
    return (
        execution.SYSTEMD_RUN,
        "--quiet",
        "--no-ask-password",
        f"--unit={_timer_name(case, command)}",
        f"--description=Homeostat: ends the memory limit of {wanted['unit']}",
        f"--on-active={wanted['at_most_seconds']:g}s",
        "--timer-property=AccuracySec=1s",
        "--service-type=oneshot",
        f"--property=ExecCondition={still_ours}",
        "--property=Restart=on-failure",
        "--property=RestartSec=5s",
        "--",
        *_set(wanted["unit"], wanted["before"]),
    )


def _timer_name(case: Case, command: Command) -> str:
    return f"homeostat-{case.incident_id}-{command.token}-end"


def _release(case: Case, command: Command) -> None:
    """Put the earlier limit back now, where ours still stands; only then the timer is not needed any more. Raises StepFailed."""
    wanted = command.arguments
    group = control_groups.group_of(case.config, wanted["service"])
    if group.high == wanted["high"]:
        completed = shell.run(_set(wanted["unit"], wanted["before"]), _DEADLINE_SECONDS)
        if not completed.ok:
            raise StepFailed(f"the limit of {wanted['unit']} was not ended; systemd ends it within {wanted['at_most_seconds']:g} s: {completed}")
    shell.run((SYSTEMCTL, "stop", "--no-ask-password", "--", f"{_timer_name(case, command)}.timer"), _ASK_SECONDS)


def _oracle(case: Case, command: Command) -> Effect:
    fate = execution.fate(case, command)
    if fate is not None and fate != "done":
        return fate
    high = control_groups.group_of(case.config, command.arguments["service"]).high
    return {command.arguments["high"]: "done", command.arguments["before"]: "none"}.get(high, "unknowable")  # type: ignore[return-value]


def _left(facts: Facts) -> tuple[str, ...]:
    return (f"{facts.service} keeps the limit that somebody has set for good with systemctl set-property",) if facts.lasting_limit else ()


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, left=_left, release=_release, lacks=control_groups.lacking, acts_on=("host",))
