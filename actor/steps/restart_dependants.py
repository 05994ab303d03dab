"""Restarts what needs the target, each once all that it needs is well, and only if it is not well by then by itself; the first that does not come up ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor import execution, unit
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed
from homeostat.clock import SystemClock
from homeostat.config import Duration
from homeostat.config.catalogue import needs
from homeostat.config.section import MINUTE
from homeostat.config.vital import is_vital, names_of

if TYPE_CHECKING:
    from homeostat.config.catalogue import Service

_POLL_SECONDS = 0.25
# A process that dies half a second after its start was active for a moment.
_LOOKS_THAT_HOLD = 3


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a service has to come up, and how long it has to become well alone once what it needs is."""

    wait: Duration = Duration(MINUTE)
    alone: Duration = Duration(10)


class Dependant(msgspec.Struct, frozen=True, kw_only=True):
    """A service that is not well: the argv that restarts it, its invocation now, and what it needs of what is restarted before."""

    service: str
    argv: tuple[str, ...]
    invocation: str
    needs: tuple[str, ...]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The dependants in the order in which they are restarted, how many commands are planned before, and in words what is left alone."""

    dependants: tuple[Dependant, ...]
    before: int = 0
    left: tuple[str, ...] = ()


def _gather(case: Case, options: Options) -> Facts:
    del options
    services, found, left = case.config.services, list[Dependant](), list[str]()
    for name in case.reaches:
        told = _why_not(name, services[name])
        if told is not None:
            left += [told] if told else []
            continue
        restarted = (case.target, *(each.service for each in found))
        needed = tuple(each for each in restarted if each in needs(services, name))
        argv = unit.MANAGERS[services[name].manager].restart(services[name])
        found.append(Dependant(service=name, argv=argv, invocation=unit.show(services[name]).invocation, needs=needed))
    return Facts(dependants=tuple(found), before=len(case.planned), left=tuple(left))


def _why_not(name: str, service: Service) -> str | None:
    """Say why a dependant is not to be restarted, with no words where it is well; None when it is to be."""
    try:
        if unit.is_well(service):
            return ""
        return _obstacle(name, service)
    except StepFailed as failure:
        return f"{name} is left alone: {failure}"


def _obstacle(name: str, service: Service) -> str | None:
    """Say what forbids a restart of this very unit, as the gates would of a target. Raises StepFailed."""
    state = unit.show(service)
    vital = next((each for each in sorted({name, *names_of(service), *state.touches}) if is_vital(each)), None)
    if vital is not None:
        return f"{name} is left alone: {vital!r} is never touched"
    if not service.auto_restart:
        return f"{name} is left alone: it has auto_restart: false"
    if state.drift is not None:
        return f"{name} is left alone: {state.drift}"
    if state.start_limit is not None and not state.start_limit.bears_another_after(unit.starts(service)):
        return f"{name} is left alone: another start would come too near its start limit"
    return None


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    return tuple(
        Command(
            step="restart-dependants",
            summary=f"then, once {' and '.join(each.needs)} {'is' if len(each.needs) == 1 else 'are'} well, restart {each.service} if it is not well by then: {' '.join(each.argv)}",
            arguments={
                "service": each.service,
                "argv": list(each.argv),
                "invocation": each.invocation,
                "needs": list(each.needs),
                "wait_seconds": float(options.wait),
                "alone_seconds": float(options.alone),
            },
            expected="it is up, and its health probe passes",
            oracle="InvocationID: another one than before says that it was restarted",
            after=tuple(range(facts.before + number)),
        )
        for number, each in enumerate(facts.dependants)
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    wanted, services = command.arguments, case.config.services
    name = wanted["service"]
    service = services.get(name)
    if name not in case.reaches or service is None or list(unit.MANAGERS[service.manager].restart(service)) != wanted["argv"]:
        raise StepFailed("the configuration changed since the plan was made; nothing more was restarted")
    for needed in wanted["needs"]:
        if not _comes_up(case, services[needed], wanted["wait_seconds"]):
            raise StepFailed(f"{needed} did not come up within {Duration(wanted['wait_seconds'])}, so {name}, which needs it, was left alone")
    if _comes_up(case, service, wanted["alone_seconds"]):
        return {"service": name, "restarted": False, "words": f"{name} became well by itself"}
    told = _obstacle(name, service)
    if told is not None:
        return {"service": name, "restarted": False, "words": told}
    completed = execution.run(case, command, wanted["argv"], service.restart_timeout)
    if not completed.ok:
        raise StepFailed(f"the restart of {name} failed: {completed}")
    if not _comes_up(case, service, wanted["wait_seconds"]):
        raise StepFailed(f"{name} did not come up within {Duration(wanted['wait_seconds'])} of its restart")
    return {"service": name, "restarted": True, "output": completed.output.strip()[-2000:]}


def _comes_up(case: Case, service: Service, seconds: float) -> bool:
    """Wait until a service is well and stays so for a moment; say whether it is. Raises StepFailed when all is stopped."""
    clock = SystemClock()
    ends, held = clock.monotonic() + seconds, 0
    while True:
        held = held + 1 if _is_well(service) else 0
        if held >= _LOOKS_THAT_HOLD:
            return True
        if clock.monotonic() >= ends and not held:
            return False
        if case.stopped():
            raise StepFailed("stopped while waiting for what it needs")
        clock.sleep(_POLL_SECONDS)


def _is_well(service: Service) -> bool:
    try:
        return unit.is_well(service)
    except StepFailed:
        return False


def _oracle(case: Case, command: Command) -> Effect:
    fate = execution.fate(case, command)
    if fate is not None and fate != "done":
        return fate
    service = case.config.services.get(command.arguments["service"])
    state = unit.show(service) if service is not None else None
    if state is None or not state.active:
        return "unknowable"
    return "none" if state.invocation == command.arguments["invocation"] else "done"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, left=lambda facts: facts.left, restarts=True, acts_on=("service",))
