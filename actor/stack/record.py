"""What the undo of a deployment needs: one durable file each, written before anything is changed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
from typing import TYPE_CHECKING, Literal

import msgspec

from actor.disk import durable
from actor.stack import images
from actor.stack.images import ImageBefore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config import Config

FOLDER = "deployed"

State = Literal["running", "deployed", "rolled_back", "rollback_conflict", "stranded"]


class Busy(Exception):  # noqa: N818 - what the other one is
    """Another deployment runs on this host."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was: its content, owner, mode and time."""

    content: bytes
    mode: int
    uid: int
    gid: int
    modified_ns: int


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a deployment puts in its place: what it puts there, and what was there before, None for nothing."""

    path: str
    content: bytes
    before: Held | None


class UnitBefore(msgspec.Struct, frozen=True, kw_only=True):
    """How a unit was before: whether it ran and with which invocation, and whether it was enabled to start at boot."""

    unit: str
    active: bool
    invocation: str
    enabled: bool


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """What is put in place and started together: `members` are all its units, `units` those of them that are started or restarted."""

    members: tuple[str, ...]
    files: tuple[Placed, ...]
    units: tuple[UnitBefore, ...]


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment of a stack file at a Unix time: its phases, of which the first `begun` have changed something, and the images as they were."""

    id: str
    stack: str
    made_at: float
    phases: tuple[Phase, ...]
    images: tuple[ImageBefore, ...] = ()
    begun: int = 0
    state: State = "running"


def put(config: Config, deployed: Deployed) -> None:
    """Write it down, whole or not at all. Raises OSError."""
    durable.put(str(_folder(config)), f"{deployed.id}.json", msgspec.json.encode(deployed))


def everything(config: Config) -> list[Deployed]:
    """Return all that is written down, the oldest first. Raises OSError."""
    return sorted(map(_read, _folder(config).glob("*.json")), key=lambda deployed: deployed.made_at)


def _read(path: pathlib.Path) -> Deployed:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Deployed)
    except ValueError as error:
        raise OSError(f"{path} is not what a deployment wrote down: {error}") from None


def forget(config: Config, now: float) -> None:
    """Remove what is over and was kept for its retention. Raises OSError and ImageFailed."""
    for one in everything(config):
        if one.state not in {"running", "stranded"} and now - one.made_at > config.protections.retention:
            images.let_go(one.images)
            _folder(config).joinpath(f"{one.id}.json").unlink(missing_ok=True)


@contextlib.contextmanager
def alone(config: Config) -> Iterator[None]:
    """Be the only deployment on this host; a process that is killed lets go by itself. Raises Busy and OSError."""
    folder = _folder(config)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another deployment runs on this host; wait for its end") from None
        yield
    finally:
        os.close(descriptor)


def _folder(config: Config) -> pathlib.Path:
    # Where only root writes, for root puts back what lies here.
    return pathlib.Path(config.actor.root_directory, FOLDER)
