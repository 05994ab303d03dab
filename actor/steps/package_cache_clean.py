"""Empties apt's cache of downloaded packages, where it lies on the target; apt fetches again what it needs."""

from __future__ import annotations

import pathlib
from typing import Any

import msgspec

from actor import execution
from actor.disk import space
from actor.disk.quarantine import on_target
from actor.kinds import Step
from actor.model import Case, Command, Effect, Prediction, StepFailed
from homeostat.amounts import amount

CACHE, INDEXES, LISTS = "/var/cache/apt/archives", "/var/cache/apt", "/var/lib/apt/lists/partial"
_DEADLINE_SECONDS = 120


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing to choose."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the cache lies on the target, whether there are packages in it, and what they free."""

    on_target: bool
    packages: bool = False
    frees: Prediction = Prediction(least_bytes=0, most_bytes=0)


def _gather(case: Case, options: Options) -> Facts:
    del options
    if not on_target(case, CACHE):
        return Facts(on_target=False)
    return Facts(on_target=True, packages=_holds_packages(), frees=_foreseen(case))


def _holds_packages() -> bool:
    return any(pathlib.Path(CACHE).glob("*.deb"))


def _foreseen(case: Case) -> Prediction:
    """Return what apt's own `clean` frees: packages, whole and partial, its indexes, and half-fetched lists."""
    packages = (space.foreseen(case, folder, lambda name, *_: name != "lock") for folder in (CACHE, f"{CACHE}/partial", LISTS))
    indexes = space.foreseen(case, INDEXES, lambda name, *_: name in {"pkgcache.bin", "srcpkgcache.bin"})
    return space.together([*packages, indexes])


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    del options
    if not facts.on_target or not facts.packages:
        return ()
    return (
        Command(
            step="package-cache-clean",
            summary="empty apt's package cache",
            arguments={"argv": ["/usr/bin/apt-get", "clean"]},
            expected=f"frees {amount(facts.frees.least_bytes, 'bytes')}",
            oracle="the cache: an empty one has been emptied",
            irreversible=True,
            frees=facts.frees,
        ),
    )


def _perform(case: Case, command: Command) -> dict[str, Any]:
    predicted = _foreseen(case)
    completed = execution.run(case, command, command.arguments["argv"], _DEADLINE_SECONDS)
    if not completed.ok:
        raise StepFailed(f"the package cache was not emptied: {completed}")
    return {"output": completed.output.strip()[-2000:], "predicted": msgspec.to_builtins(predicted)}


def _oracle(case: Case, command: Command) -> Effect:
    fate = execution.fate(case, command)
    if fate is not None:
        return fate
    # Emptying an empty cache is what would happen again: having run or not makes no difference to keep.
    return "unknowable" if _holds_packages() else "done"


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, loss="regenerable", acts_on=("filesystem",))
