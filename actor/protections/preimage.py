"""Copies of the declared write-set in the actor's own state, on any file system; undo is three-way, path by path."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import stat
from typing import TYPE_CHECKING, Any

import msgspec

from actor import unit
from actor.disk import entries, files, shelf, space, three_way
from actor.disk.three_way import Changes, Trace
from actor.kinds import Protection
from actor.model import Case, Kept, Restored, Unprotectable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config import Config

FOLDER = "preimages"
_COPIES, _MANIFEST, _UNFINISHED = "copies", "manifest.json", ".unfinished"
_ROOT = "/"
MOST_PATHS = 10_000
_MOST_OF_FREE_RATIO = 0.1


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What each path of the write-set was, and the sha256 of each file's copy; paths are told from the root."""

    write_set: tuple[str, ...]
    before: dict[str, Trace]
    sha256: dict[str, str]


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
    return _too_much(case, _traces(root, case.write_set))


def _too_much(case: Case, before: dict[str, Trace]) -> str | None:
    limits = case.config.protections
    wanted_bytes = sum(seen.size for seen in before.values())
    if len(before) > MOST_PATHS or wanted_bytes > limits.preimage_most:
        return f"the files of {case.target} are {len(before)} with {wanted_bytes} bytes, more than {MOST_PATHS} or protections.preimage_most {limits.preimage_most}"
    free_bytes = shelf.free_bytes(str(_folder(case.config)))
    if wanted_bytes > _MOST_OF_FREE_RATIO * free_bytes:
        return f"copies of {wanted_bytes} bytes would take more than a tenth of the {free_bytes} that are free at {_folder(case.config)}"
    return None


def _traces(root: int, write_set: tuple[str, ...]) -> dict[str, Trace]:
    """Return the traces of the write-set and of what lies below it."""
    found: dict[str, Trace] = {}
    for path in write_set:
        below = pathlib.PurePosixPath(path).relative_to(_ROOT)
        seen = three_way.trace_below(root, str(below))
        if seen is not None:
            found[str(below)] = seen
        if seen is not None and seen.is_folder:
            with files.opened_below(root, below) as folder:
                found |= three_way.traces(folder, below)
    return found


def _protect(case: Case) -> dict[str, Any]:
    place = _folder(case.config)
    obstacle = _obstacle(case)
    if obstacle:
        raise Unprotectable(obstacle)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with files.opened(str(place)) as shelves, files.opened(_ROOT) as root:
            name = shelf.new_name(case, os.listdir(shelves))  # noqa: PTH208 - by descriptor
            _copy_all(case, root, shelves, name)
    except OSError as error:
        raise Unprotectable(f"the files of {case.target} cannot be copied: {error}") from None
    return shelf.written(Record(folder=str(place / name)))


def _copy_all(case: Case, root: int, shelves: int, name: str) -> None:
    """Copy the write-set to a folder that gets its name only when everything in it is on the disk."""
    unfinished = f"{name}{_UNFINISHED}"
    files.remove_tree(shelves, unfinished)
    os.mkdir(unfinished, 0o700, dir_fd=shelves)
    before = _traces(root, case.write_set)
    with files.opened_below(shelves, pathlib.PurePosixPath(unfinished)) as own:
        with files.opened_below(own, pathlib.PurePosixPath(_COPIES), make=True) as copies:
            sums = {path: digest for path in sorted(before) if (digest := _copy(root, copies, pathlib.PurePosixPath(path))) is not None}
            if _traces(root, case.write_set) != before:
                raise Unprotectable(f"the files of {case.target} changed while they were copied")
        _write(own, _MANIFEST, msgspec.json.encode(Manifest(write_set=case.write_set, before=before, sha256=sums)))
        os.fsync(own)
    os.rename(unfinished, name, src_dir_fd=shelves, dst_dir_fd=shelves)
    os.fsync(shelves)


def _copy(root: int, copies: int, path: pathlib.PurePosixPath) -> str | None:
    """Copy one path, and return the sha256 of a file's copy."""
    with files.opened_below(root, path.parent) as source, files.opened_below(copies, path.parent, make=True) as destination:
        entries.copy(source, path.name, destination, path.name)
        os.fsync(destination)
        return _sha256(path.name, destination)


def _sha256(name: str, folder: int) -> str | None:
    if not stat.S_ISREG(os.lstat(name, dir_fd=folder).st_mode):
        return None
    with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(folder: int, name: str, content: bytes) -> None:
    with os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _manifest(record: Record) -> Manifest:
    return msgspec.json.decode(pathlib.Path(record.folder, _MANIFEST).read_bytes(), type=Manifest)


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    """Note how the action left each path that it changed, so that an undo can tell later edits from its own."""
    del case
    taken = msgspec.convert(record, Record)
    return shelf.written(msgspec.structs.replace(taken, changed=_changes(_manifest(taken))))


def _changes(manifest: Manifest) -> Changes:
    with files.opened(_ROOT) as root:
        return three_way.changes(manifest.before, _traces(root, manifest.write_set))


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
        return _named(three_way.unsealed(_changes(_manifest(taken)), taken.folder))
    if not taken.changed:
        return Restored()
    if case.service is not None and unit.show(case.service).active:
        return Restored(conflicts=tuple(f"/{path} (in use; its old state is in {taken.folder})" for path in sorted(taken.changed)))
    manifest = _manifest(taken)
    with files.opened(f"{taken.folder}/{_COPIES}") as copies, files.opened(_ROOT) as root:
        spoiled = {path for path in taken.changed if path in manifest.before and not _is_whole(copies, path, manifest)}
        undone = how(copies, root, {path: left for path, left in taken.changed.items() if path not in spoiled})
    return _named(msgspec.structs.replace(undone, conflicts=(*undone.conflicts, *(f"{path} (its copy is damaged)" for path in sorted(spoiled)))))


def _is_whole(copies: int, path: str, manifest: Manifest) -> bool:
    """Say whether a copy still is what was copied: what is missing must not read as if it had never been."""
    place = pathlib.PurePosixPath(path)
    try:
        copied = three_way.trace_below(copies, path)
        with files.opened_below(copies, place.parent) as folder:
            return copied is not None and copied.looks_like(manifest.before[path]) and _sha256(place.name, folder) == manifest.sha256.get(path)
    except OSError:
        return False


def _named(undone: Restored) -> Restored:
    conflicts, paths = (tuple(f"/{path}" for path in of) for of in (undone.conflicts, undone.paths))
    return Restored(restored=undone.restored, conflicts=conflicts, paths=paths)


def _kept(config: Config) -> tuple[Kept, ...]:
    place = _folder(config)
    found = []
    with contextlib.suppress(OSError), files.opened(str(place)) as folder:
        for name in sorted(os.listdir(folder)):  # noqa: PTH208 - by descriptor
            if shelf.incident_of(name.removesuffix(_UNFINISHED)) is not None:
                record = shelf.written(Record(folder=str(place / name)))
                found.append(Kept(name=name, place=str(place), made_at=os.lstat(name, dir_fd=folder).st_mtime, record=record))
    return tuple(found)


def _room(record: dict[str, Any]) -> float:
    return shelf.room_ratio(str(pathlib.PurePosixPath(msgspec.convert(record, Record).folder).parent))


def _discard(record: dict[str, Any]) -> None:
    place = pathlib.PurePosixPath(msgspec.convert(record, Record).folder)
    shelf.own(place.name.removesuffix(_UNFINISHED))
    with files.opened(str(place.parent)) as shelves:
        files.remove_tree(shelves, place.name)
    space.sync(str(place.parent))


@contextlib.contextmanager
def _locate(record: dict[str, Any], path: str) -> Iterator[tuple[int, pathlib.PurePosixPath]]:
    taken, wanted = msgspec.convert(record, Record), pathlib.PurePosixPath(path).relative_to(_ROOT)
    if str(wanted) not in _manifest(taken).before:
        raise FileNotFoundError(f"{path} is not among what was copied")
    with files.opened(f"{taken.folder}/{_COPIES}") as copies:
        yield copies, wanted


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
)
