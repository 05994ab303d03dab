"""Deletes redundant snapshots of the backups on the target, the oldest first, one after the other, until enough is free."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor.disk import files, redundant, space, subvolumes
from actor.kinds import Step
from actor.model import Case, Command, Effect, Prediction, StepFailed
from homeostat import btrfs
from homeostat.amounts import amount
from homeostat.backups.snapshots import INFO
from homeostat.clock import rfc3339
from homeostat.config.section import DAY
from homeostat.config.units import Duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from actor.disk.redundant import Redundant

# Each is a command of its own, whose story stands in the journal.
MOST_AT_ONCE = 200
_NOTHING = Prediction(least_bytes=0, most_bytes=0)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which age a protection of ours goes too that should be gone since long."""

    own_older_than: Duration = Duration(60 * DAY)


class Going(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that may go, in which folder, when it was taken (as people read it), why, and what that frees once those before it are gone."""

    folder: str
    path: str
    number: int
    uuid: str
    taken: str
    why: str
    frees: Prediction


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What may go, the oldest first, the bytes that are to be freed, and what stays, in words."""

    going: tuple[Going, ...]
    wanted_bytes: int
    left: tuple[str, ...] = ()


def _obstacle(case: Case, options: Options) -> str | None:
    """Say why it is not proven that what goes is redundant: a backup here cannot be looked at."""
    del options
    if case.filesystem is None or case.filesystem.size is not None:
        return f"{case.target} is no file system of its own"
    told = [redundant.obstacle_of(case, name) for name in redundant.backups_on(case)]
    obstacles = [words for words in told if words is not None]
    if not told:
        return f"no backup is configured to lie on {case.target}"
    return "; ".join(obstacles) or None


def _gather(case: Case, options: Options) -> Facts:
    seen = space.look(case)
    found = redundant.survey(case, options.own_older_than)
    try:
        going = tuple(_foreseen(found.going[:MOST_AT_ONCE]))
    except OSError as error:
        raise StepFailed(f"what a rotation of {case.target} frees cannot be told: {error}") from None
    return Facts(going=going, wanted_bytes=space.wanted_bytes(case, seen), left=found.left)


def _foreseen(found: Sequence[Redundant]) -> Iterator[Going]:
    """Yield what may go, each with what is free once it and those before it are gone. Raises OSError."""
    gone = set[int]()
    lasting = dict[str | None, frozenset[int]]()
    for one in found:
        gone.add(one.number)
        with files.opened(one.folder) as folder, files.opened_below(folder, pathlib.PurePosixPath(one.path)) as opened:
            if one.newest not in lasting:
                lasting[one.newest] = _lasting(folder, one)
            least, most = subvolumes.frees(opened, one.since, gone, lasting[one.newest])
        frees = Prediction(least_bytes=least, most_bytes=most)
        yield Going(folder=one.folder, path=one.path, number=one.number, uuid=one.uuid, taken=rfc3339(one.at), why=one.why, frees=frees)


def _lasting(folder: int, one: Redundant) -> frozenset[int]:
    """Return where data lies that the newest of its source holds too, so that nobody has to be asked who holds it."""
    if one.newest is None:
        return frozenset()
    with files.opened_below(folder, pathlib.PurePosixPath(one.newest)) as newest:
        return subvolumes.places(newest, one.since)


def _plan(facts: Facts, options: Options) -> tuple[Command, ...]:
    return tuple(
        Command(
            step="rotate-backups",
            summary=f"delete snapshot {one.folder}/{one.path} of {one.taken}: {one.why}",
            arguments={"folder": one.folder, "path": one.path, "number": one.number, "uuid": one.uuid, "own_older_than": float(options.own_older_than)},
            expected=f"frees {amount(one.frees.least_bytes, 'bytes')}",
            oracle="the snapshot's number: while it is there nothing was deleted",
            irreversible=True,
            frees=one.frees,
        )
        for one in _enough(facts)
    )


def _enough(facts: Facts) -> Iterator[Going]:
    wanted_bytes = facts.wanted_bytes
    for one in facts.going:
        if wanted_bytes <= 0:
            return
        wanted_bytes -= one.frees.least_bytes
        yield one


def _perform(case: Case, command: Command) -> dict[str, Any]:
    """Judge all snapshots once more, and delete this one if it still is redundant, and the one that was planned."""
    wanted = command.arguments
    found = redundant.survey(case, wanted["own_older_than"])
    one = next((each for each in found.going if _is(each, wanted)), None)
    if one is None:
        return _stays("it is redundant no more, or not what it was when this was planned")
    try:
        with files.opened(one.folder) as folder:
            return _delete(case, folder, one)
    except OSError as error:
        raise StepFailed(f"snapshot {one.folder}/{one.path} was not deleted: {error.strerror}") from None


def _is(one: Redundant, wanted: dict[str, Any]) -> bool:
    return (one.folder, one.path, one.number, one.uuid) == (wanted["folder"], wanted["path"], wanted["number"], wanted["uuid"])


def _stays(why: str) -> dict[str, Any]:
    return {"left": why, "predicted": msgspec.to_builtins(_NOTHING)}


def _delete(case: Case, folder: int, one: Redundant) -> dict[str, Any]:
    place = pathlib.PurePosixPath(one.path)
    with files.opened_below(folder, place) as opened:
        seen = btrfs.subvolume(opened)
        if (seen.number, seen.uuid) != (one.number, one.uuid) or not files.same_mount(opened, folder):
            return _stays("another one has its name now")
        least, most = subvolumes.frees(opened, one.since, {one.number}, _lasting(folder, one))
    why = subvolumes.delete(folder, one.number)
    if why is not None:
        return _stays(why)
    if len(place.parts) > 1:
        _tidy(folder, place.parts[0])
    if not subvolumes.await_cleaned(folder, [one.number], case.stopped):
        return {"deleted": one.path, "words": "its data goes on being freed", "predicted": {"least_bytes": 0, "most_bytes": most}}
    return {"deleted": one.path, "predicted": {"least_bytes": least, "most_bytes": most}}


def _tidy(folder: int, name: str) -> None:
    """Remove what snapper wrote down of a snapshot that is gone, and its numbered folder if nothing else is in it."""
    with contextlib.suppress(OSError), files.opened_below(folder, pathlib.PurePosixPath(name)) as own:
        for entry in os.listdir(own):  # noqa: PTH208 - by descriptor
            if entry == INFO or (entry.startswith("filelist-") and entry.endswith(".txt")):
                os.unlink(entry, dir_fd=own)
    files.remove_folders(folder, name)


def _oracle(case: Case, command: Command) -> Effect:
    del case
    wanted = command.arguments
    try:
        with files.opened(wanted["folder"]) as folder, files.opened_below(folder, pathlib.PurePosixPath(wanted["path"])) as opened:
            return "none" if btrfs.subvolume(opened).number == wanted["number"] else "done"
    except FileNotFoundError:
        return "done"
    except OSError as error:
        raise StepFailed(f"nobody can tell whether snapshot {wanted['folder']}/{wanted['path']} is there: {error.strerror}") from None


def _left(facts: Facts) -> tuple[str, ...]:
    return facts.left


STEP = Step(options=Options, gather=_gather, plan=_plan, perform=_perform, oracle=_oracle, loss="rule-bound", left=_left, obstacle=_obstacle, acts_on=("backup-filesystem",))
