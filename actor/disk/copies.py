"""A folder of copies: what paths of the host were, with a manifest of each one's trace and sha256; undo is three-way, path by path."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib
import stat
from typing import TYPE_CHECKING

import msgspec

from actor.disk import entries, files, three_way
from actor.disk.three_way import Changes, Trace
from actor.model import Restored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

UNFINISHED = ".unfinished"
_COPIES, _MANIFEST = "copies", "manifest.json"
_ROOT = "/"


class ChangedMeanwhile(Exception):  # noqa: N818 - a past tense like every outcome
    """What was copied changed while it was copied."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What each path of the write-set was, and the sha256 of each file's copy; paths are told from the root."""

    write_set: tuple[str, ...]
    before: dict[str, Trace]
    sha256: dict[str, str]


def traces(write_set: Iterable[str]) -> dict[str, Trace]:
    """Return the traces of what stands at these absolute paths and below them now. Raises OSError."""
    found: dict[str, Trace] = {}
    with files.opened(_ROOT) as root:
        for path in write_set:
            below = pathlib.PurePosixPath(path).relative_to(_ROOT)
            seen = three_way.trace_below(root, str(below))
            if seen is not None:
                found[str(below)] = seen
            if seen is not None and seen.is_folder:
                with files.opened_below(root, below) as folder:
                    found |= three_way.traces(folder, below)
    return found


def sums(write_set: Iterable[str]) -> dict[str, str]:
    """Return the sha256 of each file at these absolute paths and below them now, told from the root. Raises OSError."""
    found = {}
    with files.opened(_ROOT) as root:
        for path in sorted(traces(write_set)):
            place = pathlib.PurePosixPath(path)
            with files.opened_below(root, place.parent) as folder:
                digest = _sha256(place.name, folder)
            if digest is not None:
                found[path] = digest
    return found


def make(shelves: int, name: str, write_set: tuple[str, ...], also: Callable[[int], None] = lambda _: None) -> None:
    """Copy a write-set to a new folder `name` of the open folder `shelves`, which gets its name only when everything in it is on the disk.

    `also` writes more into it. Raises OSError and ChangedMeanwhile.
    """
    unfinished = f"{name}{UNFINISHED}"
    files.remove_tree(shelves, unfinished)
    os.mkdir(unfinished, 0o700, dir_fd=shelves)
    before = traces(write_set)
    with files.opened_below(shelves, pathlib.PurePosixPath(unfinished)) as own:
        with files.opened(_ROOT) as root, files.opened_below(own, pathlib.PurePosixPath(_COPIES), make=True) as copies:
            sums = {path: digest for path in sorted(before) if (digest := _copy(root, copies, pathlib.PurePosixPath(path))) is not None}
            if traces(write_set) != before:
                raise ChangedMeanwhile
        write(own, _MANIFEST, msgspec.json.encode(Manifest(write_set=write_set, before=before, sha256=sums)))
        also(own)
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


def write(folder: int, name: str, content: bytes) -> None:
    """Write a new file of an open folder durably. Raises OSError."""
    with os.fdopen(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def manifest_of(folder: str) -> Manifest:
    """Return the manifest of a folder of copies. Raises OSError, and ValueError where it is damaged."""
    return msgspec.json.decode(pathlib.Path(folder, _MANIFEST).read_bytes(), type=Manifest)


def changes(folder: str) -> Changes:
    """Return what now is of each path that is no longer as it was copied. Raises OSError."""
    manifest = manifest_of(folder)
    return three_way.changes(manifest.before, traces(manifest.write_set))


def undone(folder: str, changed: Changes, how: three_way.Undo) -> Restored:
    """Put each changed path back as it was copied, or only tell, as `how` does it; a damaged copy puts nothing back. Raises OSError."""
    manifest = manifest_of(folder)
    with opened(folder) as copies, files.opened(_ROOT) as root:
        spoiled = {path for path in changed if path in manifest.before and not _is_whole(copies, path, manifest)}
        done = how(copies, root, {path: left for path, left in changed.items() if path not in spoiled})
    return named(msgspec.structs.replace(done, conflicts=(*done.conflicts, *(f"{path} (its copy is damaged)" for path in sorted(spoiled)))))


def _is_whole(copies: int, path: str, manifest: Manifest) -> bool:
    """Say whether a copy still is what was copied: what is missing must not read as if it had never been."""
    place = pathlib.PurePosixPath(path)
    try:
        copied = three_way.trace_below(copies, path)
        with files.opened_below(copies, place.parent) as folder:
            return copied is not None and copied.looks_like(manifest.before[path]) and _sha256(place.name, folder) == manifest.sha256.get(path)
    except OSError:
        return False


def named(undone: Restored) -> Restored:
    """Return the same with absolute paths."""
    conflicts, paths = (tuple(f"/{path}" for path in of) for of in (undone.conflicts, undone.paths))
    return Restored(restored=undone.restored, conflicts=conflicts, paths=paths)


@contextlib.contextmanager
def opened(folder: str) -> Iterator[int]:
    """Open the copies themselves, which lie below as their paths do below the root. Raises OSError."""
    with files.opened(f"{folder}/{_COPIES}") as copies:
        yield copies


@contextlib.contextmanager
def located(folder: str, path: str) -> Iterator[tuple[int, pathlib.PurePosixPath]]:
    """Open the copies, and yield with them where among them an absolute path is. Raises FileNotFoundError where it is not."""
    wanted = pathlib.PurePosixPath(path).relative_to(_ROOT)
    if str(wanted) not in manifest_of(folder).before:
        raise FileNotFoundError(f"{path} is not among what was copied")
    with opened(folder) as copies:
        yield copies, wanted
