"""What root remembers of an incident, so that it need not be told: the plan it made, the records it gave, the tokens it used."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor.executor.intents import write
from actor.model import Command, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

HELD = "held"


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as root knows it; `tokens` maps a command's token to the intent that used it, `runs` are Unix seconds."""

    incident_id: str
    action: str
    target: str
    action_class: str
    plan: Plan | None = None
    records: tuple[dict[str, Any], ...] = ()
    tokens: dict[str, str] = {}
    runs: tuple[float, ...] = ()

    def planned(self, command: Command) -> bool:
        """Say whether `command` is word for word one that root itself has planned."""
        return self.plan is not None and msgspec.structs.replace(command, token="", boot_id="") in self.plan.commands


class Store:
    """The incidents that root holds, one durable file each."""

    def __init__(self, directory: str) -> None:
        """Keep them in `directory`, which only root may read. Raises OSError."""
        self._folder = pathlib.Path(directory, HELD)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def find(self, incident_id: str) -> Held | None:
        """Return what is held of an incident, or None."""
        try:
            return msgspec.json.decode(self._folder.joinpath(f"{incident_id}.json").read_bytes(), type=Held)
        except FileNotFoundError:
            return None

    def put(self, held: Held) -> None:
        """Hold an incident as it is now, durably. Raises OSError."""
        write(str(self._folder), held.incident_id, held)

    def all(self) -> Iterator[Held]:
        """Yield every incident that is held."""
        for path in sorted(self._folder.glob("*.json")):
            yield msgspec.json.decode(path.read_bytes(), type=Held)

    def prune(self, touched_before: float) -> None:
        """Hold no longer what was last touched before that Unix time, unless an undo may need it."""
        for path in self._folder.glob("*.json"):
            if path.stat().st_mtime < touched_before and not msgspec.json.decode(path.read_bytes(), type=Held).records:
                path.unlink()
