"""No protection: for actions that read only, whose settings end by themselves, or whose loss is declared."""

from __future__ import annotations

from typing import Any

from actor import unkept
from actor.kinds import Protection
from actor.model import Case, Restored


def _obstacle(case: Case) -> str | None:
    del case
    return None


def _protect(case: Case) -> dict[str, Any]:
    del case
    return {}


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    del case, record
    return Restored()


PROTECTION = Protection(
    word="none",
    obstacle=_obstacle,
    protect=_protect,
    seal=unkept.seal,
    keep=unkept.keep,
    roll_back=_roll_back,
    rehearse=_roll_back,
    kept=unkept.kept,
    room=unkept.room,
    discard=unkept.discard,
    locate=unkept.locate,
)
