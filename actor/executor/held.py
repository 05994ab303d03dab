"""What root remembers of an incident, so that it need not be told: the plan it made, the records it gave, the tokens it used."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor.executor.intents import write
from actor.model import Command, Plan
from homeostat.words import ActionClass

if TYPE_CHECKING:
    from collections.abc import Iterator

HELD = "held"


class Run(msgspec.Struct, frozen=True):
    """One run as a budget counts it: it began at a Unix time, of that action at that target; so many units its plan starts afresh."""

    began_at: float
    action_class: ActionClass
    action: str = ""
    target: str = ""
    restarts: int = 0


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A record that root gave when it protected, and what it became when it was first sealed."""

    record: dict[str, Any]
    sealed: dict[str, Any] | None = None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One incident as root knows it.

    Of its plan, `begun` are the places of the commands that were begun since it was made; `tokens` maps a command's token to
    the intent that used it. Each plan that was begun is one of the `runs`.
    """

    incident_id: str
    action: str
    target: str
    plan: Plan | None = None
    begun: tuple[int, ...] = ()
    given: tuple[Given, ...] = ()
    tokens: dict[str, str] = {}
    runs: tuple[Run, ...] = ()

    def places(self, command: Command) -> tuple[int, ...]:
        """Return where in root's own plan `command` stands word for word; nowhere, where root has not planned it."""
        planned = self.plan.commands if self.plan is not None else ()
        bare = msgspec.structs.replace(command, token="", boot_id="")
        return tuple(place for place, known in enumerate(planned) if known == bare)

    def given_as(self, record: dict[str, Any]) -> Given | None:
        """Return what root gave that `record` is, sealed or not; None where root has not given it."""
        return next((given for given in self.given if record in (given.record, given.sealed)), None)


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
            if path.stat().st_mtime < touched_before and not _is_needed(msgspec.json.decode(path.read_bytes(), type=Held)):
                path.unlink()


def _is_needed(held: Held) -> bool:
    # An undo by the owner's own command keeps nothing on the host that could be taken away before.
    return any(given.record["protection"] not in {"none", "command"} for given in held.given)
