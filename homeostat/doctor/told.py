"""What only the actor can know of itself and its host, as it tells it over its API."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from homeostat.daemon_client import DaemonError

if TYPE_CHECKING:
    from homeostat.doors import Doors

Told = TypeVar("Told")


class Protection(msgspec.Struct, frozen=True):
    """Whether an action's loss at a target can be made good now: the obstacle in words, and whether the playbook may do without."""

    action: str
    target: str
    obstacle: str | None
    dispensable: bool


class Health(msgspec.Struct, frozen=True):
    """How the actor is; `port` is where it listens, `now` its clock in Unix seconds, and `protections` is None while nobody knows."""

    host: str
    port: int
    version: str
    now: float
    ready: bool
    journal_writable: bool
    shortage: str | None
    state_directory: str
    protections: tuple[Protection, ...] | None


class HostHealth(msgspec.Struct, frozen=True):
    """What the host answers when it is asked: of each service why it is not known, and of root's executor why it is silent."""

    services: dict[str, str | None]
    executor: str | None


def health(doors: Doors) -> Health:
    """Ask the actor how it is. Raises DaemonError."""
    return _read(doors, "health", Health)


def host_health(doors: Doors) -> HostHealth:
    """Have the actor ask its host. Raises DaemonError."""
    return _read(doors, "health/host", HostHealth)


def _read(doors: Doors, path: str, kind: type[Told]) -> Told:
    try:
        return msgspec.convert(doors.actor.get(path), kind)
    except msgspec.ValidationError as error:
        raise DaemonError(f"{doors.actor.url} tells of {path} in another shape: {error}; is it of this version?") from None
