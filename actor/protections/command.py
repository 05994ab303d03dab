"""The owner's own undo: each step's command names the one that puts back what it did, the last step's first."""

from __future__ import annotations

from typing import Any

import msgspec

from actor import unkept
from actor.kinds import Protection
from actor.model import Case, Restored, StepFailed, Undo, Unprotectable
from actor.owned import owned
from homeostat import shell


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The commands that undo, in the order in which they are run."""

    undoes: tuple[Undo, ...]


def _obstacle(case: Case) -> str | None:
    if not case.undoes:
        return "no step names the command that undoes it"
    try:
        for undo in case.undoes:
            owned(undo.files)
    except StepFailed as failure:
        return f"its undo cannot be run: {failure}"
    return None


def _protect(case: Case) -> dict[str, Any]:
    obstacle = _obstacle(case)
    if obstacle is not None:
        raise Unprotectable(obstacle)
    written: dict[str, Any] = msgspec.to_builtins(Record(undoes=tuple(reversed(case.undoes))))
    return written


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    """Run each undo; only its owner knows what it puts back, so each that ends well counts as one. Raises StepFailed."""
    del case
    undoes = msgspec.convert(record, Record).undoes
    for undo in undoes:
        owned(undo.files)
        ended = shell.run(undo.argv, undo.deadline_seconds)
        if not ended.ok:
            raise StepFailed(f"the undo failed: {ended}")
    return Restored(restored=len(undoes), paths=_in_words(undoes))


def _rehearse(case: Case, record: dict[str, Any]) -> Restored:
    del case
    undoes = msgspec.convert(record, Record).undoes
    return Restored(restored=len(undoes), paths=_in_words(undoes))


def _in_words(undoes: tuple[Undo, ...]) -> tuple[str, ...]:
    return tuple(f"what {' '.join(undo.argv)} puts back" for undo in undoes)


PROTECTION = Protection(
    word="command",
    obstacle=_obstacle,
    protect=_protect,
    seal=unkept.seal,
    keep=unkept.keep,
    roll_back=_roll_back,
    rehearse=_rehearse,
    kept=unkept.kept,
    room=unkept.room,
    discard=unkept.discard,
    locate=unkept.locate,
)
