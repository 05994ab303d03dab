"""Has a service's manager read its units anew, so that the next start brings into force what is declared; what that changes is the plan's."""

from __future__ import annotations

from typing import Any

import msgspec

from actor import execution, unit
from actor.deployments import force, generating, plans
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No options: which service is the incident's."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Which service, the argv that has its units read, what is declared (the sha256 of each file, and the image's id), and what that makes of what runs."""

    service: str
    argv: tuple[str, ...]
    sha256: dict[str, str]
    image: str | None
    words: tuple[str, ...]
    major: bool
    difference: tuple[str, ...]


def _gather(case: Case, options: Options) -> Facts:
    del options
    assert case.service is not None
    declared = plans.declared(case)
    mistake = generating.mistake(case.service, declared.running.state.files[0])
    if mistake is not None:
        raise StepFailed(mistake)
    return Facts(
        service=case.target,
        argv=force.reload(case.service),
        sha256=declared.sha256,
        image=declared.running.declared,
        words=declared.words,
        major=declared.major,
        difference=declared.difference,
    )


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    return (
        Command(
            step="reload-units",
            summary=f"have the units read anew, for {facts.service}: {'; '.join(facts.words) or 'what runs is what is declared'}",
            arguments={"argv": list(facts.argv), "sha256": facts.sha256, "image": facts.image},
            expected="no file of the unit is newer than what the manager has read",
            oracle="NeedDaemonReload: no says that the units were read",
            risk="high" if facts.major else None,
            difference=facts.difference,
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    facts = _gather(case, Options())
    if _plan(facts, Options())[0].arguments != command.arguments:
        raise StepFailed("what is declared changed since the plan was made; nothing was read anew")
    assert case.service is not None
    completed = execution.run(case, command, facts.argv, case.service.restart_timeout)
    if not completed.ok:
        raise StepFailed(f"the units were not read anew: {completed}")
    state = unit.show(case.service)
    if state.needs_reload:
        raise StepFailed(f"{state.files[0]} was edited while the units were read")
    return {"output": completed.output.strip()[-2000:], "status": completed.status}


def _oracle(case: Case, command: Command) -> Effect:
    assert case.service is not None
    fate = execution.fate(case, command)
    if fate is not None and fate != "done":
        return fate
    return "none" if unit.show(case.service).needs_reload else "done"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, deploys=True, acts_on=("service",))
