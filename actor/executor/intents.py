"""What the process without root asks of root, and root's answers: one fsynced file each, in a folder that only its writer may change."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import stat
from typing import Annotated, Any, Literal

import msgspec

from actor.disk import durable, files
from actor.model import Command, Effect, Plan, Restored, Stored, UnitState
from homeostat.config.section import HOUR, MINUTE

INTENTS, ANSWERS = "intents", "answers"
FRESH_SECONDS = 60.0
_MOST_BYTES = 16 * 1024 * 1024
_NAME_LENGTH = 16


class Intent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One deed that is wanted: by name, about an exact member of the configuration; written at a Unix time, and so many seconds after boot."""

    id: Annotated[str, msgspec.Meta(pattern=rf"\A[0-9a-f]{{{_NAME_LENGTH}}}\Z")]
    deed: str
    incident_id: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9-]{0,32}\Z")]
    action: str
    target: str
    arguments: tuple[Any, ...]
    written_at: float
    uptime_seconds: float


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: a result, or in words why there is none."""

    said: Literal["done", "failed", "unprotectable"]
    result: Any = None
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Wire:
    """How a deed crosses: what it takes beside its case and its playbook, what it gives.

    It `changes` the host, so that policy is asked again; `of_record` it needs a record that root has given; without
    `of_case` it is about what is kept on the host, whatever incident that was for. `patience_seconds` is how long it may take beyond a moment.
    """

    takes: tuple[Any, ...] = ()
    gives: Any = None
    of_playbook: bool = False
    of_record: bool = False
    of_case: bool = True
    changes: bool = False
    patience_seconds: float = 0.0


WIRES: dict[str, Wire] = {
    "obstacle": Wire(gives=str | None, of_playbook=True),
    "plan": Wire(gives=Plan, of_playbook=True),
    "protect": Wire(gives=dict[str, Any], of_playbook=True, changes=True),
    "perform": Wire((Command,), dict[str, Any], changes=True),
    "oracle": Wire((Command,), Effect),
    "release": Wire((tuple[Command, ...],)),
    "seal": Wire((dict[str, Any],), dict[str, Any], of_record=True, patience_seconds=HOUR),
    "keep": Wire((dict[str, Any],), of_record=True),
    "undo": Wire((dict[str, Any],), Restored, of_record=True, patience_seconds=HOUR),
    "rehearse": Wire((dict[str, Any],), Restored, of_record=True, patience_seconds=HOUR),
    "withdraw": Wire((dict[str, Any],), of_record=True, patience_seconds=MINUTE),
    "kept": Wire(gives=list[Stored], of_case=False, patience_seconds=MINUTE),
    "keep_deployments": Wire(gives=list[str], of_case=False, patience_seconds=10 * MINUTE),
    "discard": Wire((tuple[str, str, str],), of_case=False, patience_seconds=HOUR),
    "measure": Wire((str,), float),
    "probe": Wire(gives=dict[str, bool]),
    "show": Wire(gives=UnitState | None),
    "starts": Wire(gives=int),
}


def write(folder: str, name: str, value: msgspec.Struct) -> None:
    """Put a value durably into `folder` as NAME.json, whole or not at all. Raises OSError."""
    durable.put(folder, f"{name}.json", msgspec.json.encode(value), 0o640)


def names(folder: str) -> set[str]:
    """Return the names of what waits in `folder`; none when there is no such folder."""
    try:
        with files.opened(folder) as descriptor:
            found = os.listdir(descriptor)  # noqa: PTH208 - by descriptor
    except FileNotFoundError:
        return set()
    return {name.removesuffix(".json") for name in found if name.endswith(".json") and len(name) == _NAME_LENGTH + len(".json")}


def read_intent(folder: str, name: str) -> Intent:
    """Read one intent, trusting nothing of it.

    Raises:
        OSError: it is gone, or a symlink.
        ValueError: it is no regular file of a bearable size, does not fit, or names itself otherwise.

    """
    with files.opened(folder) as descriptor:
        file = os.open(f"{name}.json", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=descriptor)
        with os.fdopen(file, "rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
                raise ValueError("it is no regular file of a bearable size")
            intent = msgspec.json.decode(stream.read(_MOST_BYTES), type=Intent)
    if intent.id != name:
        raise ValueError(f"it calls itself {intent.id}")
    return intent


def remove(folder: str, name: str, written_before: float = float("inf")) -> None:
    """Take a value out of `folder` that was written before that Unix time; one that is gone is no fault. Raises OSError."""
    with contextlib.suppress(FileNotFoundError), files.opened(folder) as descriptor:
        if os.stat(f"{name}.json", dir_fd=descriptor, follow_symlinks=False).st_mtime < written_before:
            os.unlink(f"{name}.json", dir_fd=descriptor)
