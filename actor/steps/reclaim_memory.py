"""Has the kernel take back memory of the heaviest service that may be limited: caches first, the rest to swap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor import control_groups
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed
from homeostat import pressure
from homeostat.amounts import amount
from homeostat.clock import SystemClock
from homeostat.config.section import Ratio

if TYPE_CHECKING:
    from actor.control_groups import Group

_DEADLINE_SECONDS = 60


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which share of the host's memory is to be available, and which share of the service's own is taken at most."""

    available: Ratio = 0.20
    at_most_ratio: Ratio = 0.40


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The host's memory, and the heaviest service that may be limited with what it uses; `left` says why others were not looked at."""

    total_bytes: int
    available_bytes: int
    service: str | None
    unit: str = ""
    memory_bytes: int = 0
    left: tuple[str, ...] = ()


def _gather(case: Case, options: Options) -> Facts:
    del options
    memory = pressure.memory()
    group, left = control_groups.heaviest(case.config)
    if group is None:
        return Facts(total_bytes=memory.total_bytes, available_bytes=memory.available_bytes, service=None, left=left)
    return Facts(
        total_bytes=memory.total_bytes,
        available_bytes=memory.available_bytes,
        service=group.service,
        unit=group.unit,
        memory_bytes=group.memory_bytes,
        left=left,
    )


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    step_bytes = round(control_groups.STEP_RATIO * facts.total_bytes)
    wanted_steps = max(1, -(-round(options.available * facts.total_bytes - facts.available_bytes) // step_bytes))
    most_steps = int(options.at_most_ratio * facts.memory_bytes) // step_bytes
    reclaimed_bytes = min(wanted_steps, most_steps) * step_bytes
    if facts.service is None or reclaimed_bytes == 0:
        return ()
    return (
        Command(
            step="reclaim-memory",
            summary=f"take back up to {amount(reclaimed_bytes, 'bytes')} of the memory of {facts.service} ({facts.unit})",
            arguments={"service": facts.service, "unit": facts.unit, "bytes": reclaimed_bytes, "available": options.available},
            expected=f"more memory is available, up to {options.available:.0%} of the host's",
            oracle="none needed: nothing of it lasts, so it may be done again",
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    group = _same(case, command)
    clock = SystemClock()
    ends = clock.monotonic() + _DEADLINE_SECONDS

    def enough() -> bool:
        return case.stopped() or clock.monotonic() > ends or pressure.memory().available_ratio >= command.arguments["available"]

    taken_bytes = control_groups.reclaim(group, command.arguments["bytes"], enough)
    return {"reclaimed_bytes": taken_bytes, "available_ratio": pressure.memory().available_ratio}


def _same(case: Case, command: Command) -> Group:
    """Return the group that was planned for as it is now. Raises StepFailed where the configuration names another, or it does not run."""
    group = control_groups.group_of(case.config, command.arguments["service"])
    if group.unit != command.arguments["unit"]:
        raise StepFailed("the configuration changed since the plan was made; nothing was reclaimed")
    return group


def _oracle(case: Case, command: Command) -> Effect:
    del case, command
    return "none"


def _left(facts: Facts) -> tuple[str, ...]:
    if facts.service is None or facts.memory_bytes >= control_groups.STEP_RATIO * facts.total_bytes:
        return facts.left
    return (*facts.left, f"{facts.service} is the heaviest that may be limited, and uses only {amount(facts.memory_bytes, 'bytes')}")


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, left=_left, lacks=control_groups.lacking, acts_on=("host",))
