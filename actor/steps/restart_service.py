"""Restarts one exact service; that its InvocationID changed is the proof."""

from __future__ import annotations

from typing import Any

import msgspec

from actor import execution, unit
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed, UnitState


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A restart has no options: which service is the incident's."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Which service, the argv that restarts it, and how it is now."""

    service: str
    argv: tuple[str, ...]
    state: UnitState


def _gather(case: Case, options: Options) -> Facts:
    del options
    assert case.service is not None
    argv = unit.MANAGERS[case.service.manager].restart(case.service)
    return Facts(service=case.target, argv=argv, state=unit.show(case.service))


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    return (
        Command(
            step="restart-service",
            summary=f"restart {facts.service}: {' '.join(facts.argv)}",
            arguments={"argv": list(facts.argv), "invocation": facts.state.invocation},
            expected=f"another InvocationID than {facts.state.invocation or 'none'}, and {'less memory' if facts.state.active else 'that it stays up'}",
            oracle="InvocationID: another one than before says that it was restarted",
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    assert case.service is not None
    argv = unit.MANAGERS[case.service.manager].restart(case.service)
    if list(argv) != command.arguments["argv"]:
        raise StepFailed("the configuration changed since the plan was made; nothing was restarted")
    completed = execution.run(case, command, argv, case.service.restart_timeout)
    if not completed.ok:
        raise StepFailed(f"the restart failed: {completed}")
    return {"output": completed.output.strip()[-2000:], "status": completed.status}


def _writes(case: Case, options: Options) -> tuple[str, ...]:
    """Return the files that the service's configuration says it writes when it starts or stops."""
    del options
    return case.service.files if case.service is not None else ()


def _oracle(case: Case, command: Command) -> Effect:
    assert case.service is not None
    fate = execution.fate(case, command)
    if fate is not None and fate != "done":
        return fate
    state = unit.show(case.service)
    if not state.active:
        # It may be on its way down or up by our own restart, which goes on without us: nobody can tell.
        return "unknowable"
    return "none" if state.invocation == command.arguments["invocation"] else "done"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, writes=_writes, restarts=True, acts_on=("service",))
