"""Lets journald drop its old archives, where its journal lies on the target."""

from __future__ import annotations

import os
import pathlib
import re
from typing import Any

import msgspec

from actor import execution
from actor.disk import files, space
from actor.disk.quarantine import on_target
from actor.kinds import Step
from actor.model import Case, Command, Effect, Prediction, StepFailed
from homeostat.amounts import amount
from homeostat.config import Duration

JOURNAL = "/var/log/journal"
_DEADLINE_SECONDS = 120
# NAME@SEQUENCE-NUMBER-BEGUN.journal, or after a crash NAME@BEGUN-RANDOM.journal~, with the microseconds at which it was begun.
_ARCHIVE = re.compile(r".+@[0-9a-f]{32}-[0-9a-f]{16}-([0-9a-f]{16})\.journal|.+@([0-9a-f]{16})-[0-9a-f]{16}\.journal~")
_ENTRIES_AT = 152


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How old an archive may grow."""

    keep: Duration = Duration(7 * 86400)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the journal lies on the target, and what its old archives free."""

    on_target: bool
    frees: Prediction = Prediction(least_bytes=0, most_bytes=0)


def _gather(case: Case, options: Options) -> Facts:
    if not on_target(case, JOURNAL):
        return Facts(on_target=False)
    return Facts(on_target=True, frees=_foreseen(case, options.keep))


def _foreseen(case: Case, keep: float) -> Prediction:
    """Return what the archives free that journald will drop: those begun before, and empty ones, of this machine."""
    machine_id = pathlib.Path("/etc/machine-id").read_text(encoding="ascii").strip()
    before_seconds = case.now - keep

    def goes(name: str, folder: int, status: os.stat_result) -> bool:
        begun_seconds = _begun_seconds(name, status)
        return begun_seconds is not None and (begun_seconds < before_seconds or _is_empty(name, folder))

    return space.foreseen(case, f"{JOURNAL}/{machine_id}", goes)


def _begun_seconds(name: str, status: os.stat_result) -> float | None:
    """Return when an archive was begun, as journald sees it: by its name, or by an earlier time of its file; None for what is no archive."""
    match = _ARCHIVE.fullmatch(name)
    if match is None:
        return None
    named_seconds = int(match.group(1) or match.group(2), 16) / 1e6
    return min(named_seconds, status.st_mtime, status.st_atime, status.st_ctime)


def _is_empty(name: str, folder: int) -> bool:
    with files.opened_file(name, folder) as descriptor:
        return int.from_bytes(os.pread(descriptor, 8, _ENTRIES_AT), "little") == 0


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    if not facts.on_target or facts.frees.most_bytes == 0:
        return ()
    return (
        Command(
            step="journal-vacuum",
            summary=f"drop journal archives older than {options.keep}",
            arguments={"argv": ["/usr/bin/journalctl", f"--vacuum-time={round(options.keep)}s"], "keep_seconds": round(options.keep)},
            expected=f"frees {amount(facts.frees.least_bytes, 'bytes')}",
            oracle="none: nobody can tell what it dropped",
            irreversible=True,
            frees=facts.frees,
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    predicted = _foreseen(case, command.arguments["keep_seconds"])
    completed = execution.run(case, command, command.arguments["argv"], _DEADLINE_SECONDS)
    if not completed.ok:
        raise StepFailed(f"the journal was not vacuumed: {completed}")
    return {"output": completed.output.strip()[-2000:], "predicted": msgspec.to_builtins(predicted)}


def _oracle(case: Case, command: Command) -> Effect:
    return execution.fate(case, command) or "unknowable"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, loss="rule-bound", acts_on=("filesystem",))
