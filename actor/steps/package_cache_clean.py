"""Empties apt's cache of downloaded packages, where it lies on the target; apt fetches again what it needs."""

from __future__ import annotations

import pathlib
from typing import Any

import msgspec

from actor import execution
from actor.model import Case, Command, Effect, Step, StepFailed
from actor.quarantine import on_target

CACHE = "/var/cache/apt/archives"
_DEADLINE_SECONDS = 120


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the cache lies on the target, and the bytes in it."""

    on_target: bool
    cached_bytes: int


def _gather(case: Case, options: Options) -> Facts:
    del options
    cached = sum(package.stat().st_size for package in pathlib.Path(CACHE).glob("*.deb"))
    return Facts(on_target=on_target(case, CACHE), cached_bytes=cached)


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    if not facts.on_target or facts.cached_bytes == 0:
        return ()
    return (
        Command(
            step="package-cache-clean",
            summary="empty apt's package cache",
            arguments={"argv": ["/usr/bin/apt-get", "clean"]},
            expected=f"frees {facts.cached_bytes} bytes",
            oracle="the cache: an empty one has been emptied",
            irreversible=True,
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    completed = execution.run(case, command, command.arguments["argv"], _DEADLINE_SECONDS)
    if not completed.ok:
        raise StepFailed(f"the package cache was not emptied: {completed}")
    return {"output": completed.output.strip()[-2000:]}


def _oracle(case: Case, command: Command) -> Effect:
    fate = execution.fate(case, command)
    if fate is not None:
        return fate
    # Emptying an empty cache is what would happen again: having run or not makes no difference to keep.
    return "done" if not any(pathlib.Path(CACHE).glob("*.deb")) else "unknowable"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, loss="regenerable")
