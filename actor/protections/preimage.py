"""Copies of the declared write-set in the actor's own state, on any file system; undo is three-way, path by path."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import TYPE_CHECKING, Any

import msgspec

from actor import unit
from actor.disk import copies, files, shelf, space, three_way
from actor.disk.three_way import Changes, Trace
from actor.kinds import Protection
from actor.model import Case, Kept, Restored, Unprotectable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from homeostat.config import Config

FOLDER = "preimages"
_ROOT = "/"
MOST_PATHS = 10_000
_MOST_OF_FREE_RATIO = 0.1


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What an undo needs: where the copies and their manifest are, and what the action left of each path that it changed, once sealed."""

    folder: str
    changed: Changes | None = None


def _folder(config: Config) -> pathlib.Path:
    # Where only root writes, for root puts back what lies here.
    return pathlib.Path(config.actor.root_directory, FOLDER)


def _obstacle(case: Case) -> str | None:
    if not case.write_set:
        return f"{case.target} declares no files in the configuration"
    if case.root is not None and shelf.same_subvolume(str(_folder(case.config)), case.root):
        return f"{_folder(case.config)} lies on {case.root}, which is to be freed"
    try:
        with files.opened(_ROOT) as root:
            return _obstacle_of(case, root)
    except OSError as error:
        return f"the files of {case.target} cannot be looked at: {error}"


def _obstacle_of(case: Case, root: int) -> str | None:
    own = [pathlib.PurePosixPath(place) for place in (case.config.actor.state_directory, case.config.actor.root_directory)]
    for path in map(pathlib.PurePosixPath, case.write_set):
        if any(path.is_relative_to(place) or place.is_relative_to(path) for place in own):
            return f"{path} holds the actor's own state"
        with contextlib.suppress(FileNotFoundError), files.opened_below(root, path.parent.relative_to(_ROOT)) as folder:
            status = files.status_of(path.name, folder)
            if status is not None and three_way.trace_of(status) is None:
                return f"{path} is no file, folder or symlink"
    return _too_much(case, copies.traces(case.write_set))


def _too_much(case: Case, before: dict[str, Trace]) -> str | None:
    limits = case.config.protections
    wanted_bytes = sum(seen.size for seen in before.values())
    if len(before) > MOST_PATHS or wanted_bytes > limits.preimage_most:
        return f"the files of {case.target} are {len(before)} with {wanted_bytes} bytes, more than {MOST_PATHS} or protections.preimage_most {limits.preimage_most}"
    free_bytes = shelf.free_bytes(str(_folder(case.config)))
    if wanted_bytes > _MOST_OF_FREE_RATIO * free_bytes:
        return f"copies of {wanted_bytes} bytes would take more than a tenth of the {free_bytes} that are free at {_folder(case.config)}"
    return None


def _protect(case: Case) -> dict[str, Any]:
    place = _folder(case.config)
    obstacle = _obstacle(case)
    if obstacle:
        raise Unprotectable(obstacle)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with files.opened(str(place)) as shelves:
            name = shelf.new_name(case, os.listdir(shelves))  # noqa: PTH208 - by descriptor
            copies.make(shelves, name, case.write_set)
    except copies.ChangedMeanwhile:
        raise Unprotectable(f"the files of {case.target} changed while they were copied") from None
    except OSError as error:
        raise Unprotectable(f"the files of {case.target} cannot be copied: {error}") from None
    return shelf.written(Record(folder=str(place / name)))


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    """Note how the action left each path that it changed, so that an undo can tell later edits from its own."""
    del case
    taken = msgspec.convert(record, Record)
    return shelf.written(msgspec.structs.replace(taken, changed=copies.changes(taken.folder)))


def _keep(case: Case, record: dict[str, Any]) -> None:
    del case, record


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    """Put each changed path back as it was copied, but only where it still is what the action left."""
    return _undone(case, record, three_way.revert)


def _rehearse(case: Case, record: dict[str, Any]) -> Restored:
    return _undone(case, record, three_way.rehearse)


def _undone(case: Case, record: dict[str, Any], how: three_way.Undo) -> Restored:
    taken = msgspec.convert(record, Record)
    if taken.changed is None:
        return copies.named(three_way.unsealed(copies.changes(taken.folder), taken.folder))
    if not taken.changed:
        return Restored()
    if case.service is not None and unit.show(case.service).active:
        return Restored(conflicts=tuple(f"/{path} (in use; its old state is in {taken.folder})" for path in sorted(taken.changed)))
    return copies.undone(taken.folder, taken.changed, how)


def _kept(config: Config) -> tuple[Kept, ...]:
    place = _folder(config)
    found = []
    with contextlib.suppress(OSError), files.opened(str(place)) as folder:
        for name in sorted(os.listdir(folder)):  # noqa: PTH208 - by descriptor
            if shelf.incident_of(name.removesuffix(copies.UNFINISHED)) is not None:
                record = shelf.written(Record(folder=str(place / name)))
                found.append(Kept(name=name, place=str(place), made_at=os.lstat(name, dir_fd=folder).st_mtime, record=record))
    return tuple(found)


def _room(record: dict[str, Any]) -> float:
    return shelf.room_ratio(str(pathlib.PurePosixPath(msgspec.convert(record, Record).folder).parent))


def _discard(record: dict[str, Any]) -> None:
    place = pathlib.PurePosixPath(msgspec.convert(record, Record).folder)
    shelf.own(place.name.removesuffix(copies.UNFINISHED))
    with files.opened(str(place.parent)) as shelves:
        files.remove_tree(shelves, place.name)
    space.sync(str(place.parent))


def _locate(record: dict[str, Any], path: str) -> AbstractContextManager[tuple[int, pathlib.PurePosixPath]]:
    return copies.located(msgspec.convert(record, Record).folder, path)


PROTECTION = Protection(
    word="preimage",
    obstacle=_obstacle,
    protect=_protect,
    seal=_seal,
    keep=_keep,
    roll_back=_roll_back,
    rehearse=_rehearse,
    kept=_kept,
    room=_room,
    discard=_discard,
    locate=_locate,
    of_deployments=False,
)
