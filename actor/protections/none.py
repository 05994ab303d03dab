"""No protection: for actions that read only, whose settings end by themselves, or whose loss is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actor.kinds import Protection
from actor.model import Case, Kept, Restored

if TYPE_CHECKING:
    import pathlib
    from contextlib import AbstractContextManager

    from homeostat.config import Config


def _obstacle(case: Case) -> str | None:
    del case
    return None


def _protect(case: Case) -> dict[str, Any]:
    del case
    return {}


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    del case
    return record


def _keep(case: Case, record: dict[str, Any]) -> None:
    del case, record


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    del case, record
    return Restored()


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
    word="none",
    obstacle=_obstacle,
    protect=_protect,
    seal=_seal,
    keep=_keep,
    roll_back=_roll_back,
    rehearse=_roll_back,
    kept=_kept,
    room=_room,
    discard=_discard,
    locate=_locate,
)
