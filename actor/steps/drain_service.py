"""Runs the owner's own program that drains a service before it is restarted; where that fails nothing is restarted."""

from __future__ import annotations

from typing import Any

import msgspec

from actor import execution
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed
from homeostat.config import Duration
from homeostat.config.section import MINUTE


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long it may take before it is ended."""

    at_most: Duration = Duration(MINUTE)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Which service, and the argv that drains it; None where the owner has none."""

    service: str
    argv: tuple[str, ...] | None


def _gather(case: Case, options: Options) -> Facts:
    del options
    assert case.service is not None
    return Facts(service=case.target, argv=case.service.drain)


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    if facts.argv is None:
        return ()
    return (
        Command(
            step="drain-service",
            summary=f"drain {facts.service}: {' '.join(facts.argv)}",
            arguments={"argv": list(facts.argv), "at_most_seconds": float(options.at_most)},
            expected="nobody is disturbed by what follows",
            oracle="the unit that it runs in",
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    assert case.service is not None
    if case.service.drain is None or list(case.service.drain) != command.arguments["argv"]:
        raise StepFailed("the configuration changed since the plan was made; nothing was drained")
    completed = execution.run(case, command, case.service.drain, command.arguments["at_most_seconds"])
    if not completed.ok:
        raise StepFailed(f"it could not be drained, so it was not restarted: {completed}")
    return {"output": completed.output.strip()[-2000:], "status": completed.status}


def _oracle(case: Case, command: Command) -> Effect:
    return execution.fate(case, command) or "unknowable"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, acts_on=("service",))
