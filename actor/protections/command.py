"""The owner's own undo: each step's command names the one that puts back what it did, the last step's first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor.kinds import Protection
from actor.model import Case, Kept, Restored, StepFailed, Undo, Unprotectable
from actor.owned import owned
from homeostat import shell

if TYPE_CHECKING:
    import pathlib
    from contextlib import AbstractContextManager

    from homeostat.config import Config


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


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    del case
    return record


def _keep(case: Case, record: dict[str, Any]) -> None:
    del case, record


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


def _kept(config: Config) -> tuple[Kept, ...]:
    del config
    return ()


def _room(record: dict[str, Any]) -> float:
    del record
    return 1.0


def _discard(record: dict[str, Any]) -> None:
    del record


def _locate(record: dict[str, Any], path: str) -> AbstractContextManager[tuple[int, pathlib.PurePosixPath]]:
    del record
    raise FileNotFoundError(f"nothing was kept of {path}")


PROTECTION = Protection(
    word="command",
    obstacle=_obstacle,
    protect=_protect,
    seal=_seal,
    keep=_keep,
    roll_back=_roll_back,
    rehearse=_rehearse,
    kept=_kept,
    room=_room,
    discard=_discard,
    locate=_locate,
)
