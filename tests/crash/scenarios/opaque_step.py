"""A step whose effect nobody can ask for afterwards: it starts once at most, whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor import execution
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed
from actor.playbook import STEPS
from tests.actor.playbooks import owned
from tests.crash.scenario import Decide, Scenario
from tests.support import DISK, executable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.crash.evidence import Evidence
    from tests.support import Host


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose."""


def _plan(facts: Case, options: Options) -> tuple[Command, ...]:
    assert facts.root is not None
    argv = [f"{facts.root}/opaque"]
    return (Command(step="opaque", summary="do what nobody can ask for", arguments={"argv": argv}, expected="done", oracle="nobody can tell", irreversible=True),)


def _perform(case: Case, command: Command) -> dict[str, Any]:
    completed = execution.run(case, command, command.arguments["argv"], 10)
    if not completed.ok:
        raise StepFailed(str(completed))
    return {}


def _oracle(case: Case, command: Command) -> Effect:
    return execution.fate(case, command) or "unknowable"


def _install() -> None:
    STEPS["opaque"] = Step(options=Options, gather=lambda case, options: case, plan=_plan, perform=_perform, oracle=_oracle)


def _prepare(host: Host) -> dict[str, Any]:
    executable(host.disk / "opaque", f"#!/bin/sh\necho once >>{host.folder}/done\n")
    return owned(host, "opaquely", "[{opaque: {}}]", protection="none\nloss: rule-bound")


def _check(seen: Evidence) -> Iterable[str]:
    done = seen.host.folder / "done"
    times = len(done.read_text().splitlines()) if done.exists() else 0
    if times > 1:
        yield f"it was done {times} times"
    if seen.incidents and seen.incidents[0]["outcome"] in {"succeeded", "warned"} and times != 1:
        yield "a success, and it was never done"


SCENARIO = Scenario(
    decides=(Decide(key=DISK, action="opaquely"),),
    outcomes=frozenset({"succeeded", "warned", "interrupted"}),
    install=_install,
    prepare=_prepare,
    check=_check,
)
