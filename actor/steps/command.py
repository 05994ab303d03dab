"""Runs a program of the owner's: opaque unless it names an oracle, and for good unless it names its undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor import execution
from actor.kinds import Step
from actor.model import Case, Command, Effect, StepFailed, Undo
from actor.owned import owned
from homeostat import shell
from homeostat.config import Duration
from homeostat.config.catalogue import Argv, program
from homeostat.config.section import MINUTE, lasting

if TYPE_CHECKING:
    from collections.abc import Callable

_ORACLE_SECONDS = 30
# What a word of a command may stand for: an exact member of the configuration, never a part of a word.
PLACEHOLDERS: dict[str, Callable[[Case], str | None]] = {
    "{target}": lambda case: case.target,
    "{unit}": lambda case: case.service.unit if case.service is not None else None,
    "{path}": lambda case: case.root,
}


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The program with its words, and how long it may take; `expected` tells people what it brings about.

    `oracle` tells after a crash whether it ran: exit 0 it did, 1 it had no effect, else nobody knows. `undo` puts back what it
    may have done, also when it did nothing, and may run twice. `reads` says that it changes nothing. In all three a word that
    is `{target}`, `{unit}` or `{path}` stands for that of the target.
    """

    run: Argv
    deadline: Duration = Duration(MINUTE)
    expected: str = "it ends well"
    oracle: Argv | None = None
    undo: Argv | None = None
    reads: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no program, no time for it, a word that stands for nothing, and an undo of what changes nothing."""
        for argv in filter(None, (self.run, self.oracle, self.undo)):
            program(argv)
        unknown = next((word for word in self.words if word[:1] + word[-1:] == "{}" and word[1:-1].isidentifier() and word not in PLACEHOLDERS), None)
        if unknown is not None:
            raise ValueError(f"nothing stands for {unknown}; known: {', '.join(PLACEHOLDERS)}")
        lasting("deadline", self.deadline)
        if self.reads and self.undo is not None:
            raise ValueError("what only reads has nothing to undo; leave out undo, or reads")

    @property
    def words(self) -> tuple[str, ...]:
        """All words of its commands."""
        return tuple(word for argv in (self.run, self.oracle, self.undo) if argv is not None for word in argv)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """The commands as they would run at this target."""

    argv: Argv
    oracle: Argv | None = None


def _filled(case: Case, argv: Argv) -> Argv:
    """Return a command for one target, once it is seen that nobody but root may write what runs. Raises StepFailed."""
    owned(tuple(word for word in argv if word not in PLACEHOLDERS))
    return tuple(_meant(case, word) for word in argv)


def _meant(case: Case, word: str) -> str:
    if word not in PLACEHOLDERS:
        return word
    stands_for = PLACEHOLDERS[word](case)
    if stands_for is None:
        raise StepFailed(f"{case.target} has nothing that {word} stands for")
    return stands_for


def _gather(case: Case, options: Options) -> Facts:
    return Facts(argv=_filled(case, options.run), oracle=_filled(case, options.oracle) if options.oracle is not None else None)


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    return (
        Command(
            step="command",
            summary=f"run {' '.join(facts.argv)}",
            arguments={
                "argv": list(facts.argv),
                "deadline_seconds": float(options.deadline),
                "oracle": list(facts.oracle) if facts.oracle is not None else None,
                "files": [word for word in options.run if word not in PLACEHOLDERS],
            },
            expected=options.expected,
            oracle=f"{' '.join(facts.oracle)}: 0 says that it ran, 1 that it had no effect" if facts.oracle is not None else "none: nobody can tell what it did",
            irreversible=not options.reads and options.undo is None,
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    owned(tuple(command.arguments["files"]))
    completed = execution.run(case, command, command.arguments["argv"], command.arguments["deadline_seconds"])
    if not completed.ok:
        raise StepFailed(f"the command failed: {completed}")
    return {"output": completed.output.strip()[-2000:], "status": completed.status}


def _oracle(case: Case, command: Command) -> Effect:
    fate = execution.fate(case, command)
    asked = command.arguments["oracle"]
    if fate is not None or asked is None:
        return fate or "unknowable"
    answers: dict[int, Effect] = {0: "done", 1: "none"}
    answered = shell.run(asked, _ORACLE_SECONDS)
    return answers.get(answered.status, "unknowable") if answered.cut is None else "unknowable"


def _undo(case: Case, options: Options) -> Undo | None:
    if options.undo is None:
        return None
    return Undo(argv=tuple(_meant(case, word) for word in options.undo), files=tuple(word for word in options.undo if word not in PLACEHOLDERS), deadline_seconds=float(options.deadline))


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, undo=_undo, reads=lambda options: options.reads)
