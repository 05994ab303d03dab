"""Runs a program that does nothing, the way every step's program is run: it shows that what is decided can be done."""

from __future__ import annotations

from typing import Any

import msgspec

from actor import execution
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed

ARGV = ("/bin/true",)
_DEADLINE_SECONDS = 10


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """There is nothing to know."""


def _gather(case: Case, options: Options) -> Facts:
    del case, options
    return Facts()


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del facts, options
    return (
        Command(
            step="no-op",
            summary=f"run {' '.join(ARGV)}, which changes nothing",
            arguments={"argv": list(ARGV)},
            expected="it ends well",
            oracle="none is needed: having run or not makes no difference",
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    completed = execution.run(case, command, ARGV, _DEADLINE_SECONDS)
    if not completed.ok:
        raise StepFailed(f"a program that does nothing did not end well: {completed}")
    return {"output": completed.output.strip()[-2000:], "status": completed.status}


def _oracle(case: Case, command: Command) -> Effect:
    return execution.fate(case, command) or "done"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, loss="reads-only")
