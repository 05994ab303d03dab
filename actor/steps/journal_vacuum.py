"""Lets journald drop its old archives, where its journal lies on the target."""

from __future__ import annotations

from typing import Any

import msgspec

from actor import execution
from actor.model import Case, Command, Effect, Step, StepFailed
from actor.quarantine import on_target
from homeostat.config import Duration

JOURNAL = "/var/log/journal"
_DEADLINE_SECONDS = 120


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How old an archive may grow."""

    keep: Duration = Duration(7 * 86400)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the journal lies on the target."""

    on_target: bool


def _gather(case: Case, options: Options) -> Facts:
    del options
    return Facts(on_target=on_target(case, JOURNAL))


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    if not facts.on_target:
        return ()
    return (
        Command(
            step="journal-vacuum",
            summary=f"drop journal archives older than {options.keep}",
            arguments={"argv": ["/usr/bin/journalctl", f"--vacuum-time={round(options.keep)}s"]},
            expected="fewer journal archives",
            oracle="none: nobody can tell what it dropped",
            irreversible=True,
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    completed = execution.run(case, command, command.arguments["argv"], _DEADLINE_SECONDS)
    if not completed.ok:
        raise StepFailed(f"the journal was not vacuumed: {completed}")
    return {"output": completed.output.strip()[-2000:]}


def _oracle(case: Case, command: Command) -> Effect:
    return execution.fate(case, command) or "unknowable"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, loss="rule-bound")
