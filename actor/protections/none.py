"""No protection: for actions that read only, whose settings end by themselves, or whose loss is declared."""

from __future__ import annotations

from typing import Any

from actor.model import Case, Protection, Restored


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


PROTECTION = Protection(obstacle=_obstacle, protect=_protect, seal=_seal, keep=_keep, roll_back=_roll_back)
