"""The verbs of a protection that keeps nothing on the host: there is nothing to seal, to list, to delete or to look into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pathlib
    from contextlib import AbstractContextManager

    from actor.model import Case, Kept
    from homeostat.config import Config


def seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    """Return the record as it is."""
    del case
    return record


def keep(case: Case, record: dict[str, Any]) -> None:
    """Do nothing."""
    del case, record


def kept(config: Config) -> tuple[Kept, ...]:
    """Return nothing."""
    del config
    return ()


def room(record: dict[str, Any]) -> float:
    """Return all the room there is (1), for it takes none."""
    del record
    return 1.0


def discard(record: dict[str, Any]) -> None:
    """Do nothing."""
    del record


def locate(record: dict[str, Any], path: str) -> AbstractContextManager[tuple[int, pathlib.PurePosixPath]]:
    """Find nothing. Raises FileNotFoundError."""
    del record
    raise FileNotFoundError(f"nothing was kept of {path}")
