"""Where quarantined files wait: a folder of ours on the file system that is to be freed, one part per incident, slice and rule."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import stat
from typing import TYPE_CHECKING

from actor.disk import files, moves, shelf, space
from actor.disk.rule import Question
from actor.model import Case, StepFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from actor.disk.files import FoundFile
    from actor.model import Command, Effect

FOLDER = ".homeostat-quarantine"


def part(case: Case) -> pathlib.PurePosixPath:
    """Return this incident's folder, from the file system's root."""
    return pathlib.PurePosixPath(FOLDER, shelf.name_of(case))


def of_slice(case: Case, number: int) -> pathlib.PurePosixPath:
    """Return the folder of one slice of this incident's files, from the file system's root; in it lies one folder a rule."""
    return part(case) / str(number)


def is_ours(status: os.stat_result) -> bool:
    """Say whether what stands at our folder's place is a folder that nobody but us may change."""
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o022


@contextlib.contextmanager
def opened(root: str, path: pathlib.PurePosixPath, *, make: bool = False) -> Iterator[int]:
    """Open a folder in ours on the file system `root`, making what is missing when `make`.

    Whoever owns the file system's root may put a folder of his own into our folder's place: what would be moved into it could
    be taken, and what came back out of it would be his, put by root where he may not write.

    Raises:
        FileNotFoundError: it is missing.
        OSError: what stands there is not ours alone, or cannot be opened.

    """
    inner = path.relative_to(FOLDER)
    with files.opened(root) as top, files.opened_below(top, pathlib.PurePosixPath(FOLDER), make=make) as own:
        if not is_ours(os.fstat(own)):
            raise PermissionError(errno.EPERM, "no folder of ours alone", f"{root}/{FOLDER}")
        with files.opened_below(own, inner, make=make) as descriptor:
            yield descriptor


def move_aside(case: Case, place: tuple[int, str], chosen: list[FoundFile]) -> tuple[int, bool]:
    """Move files that a rule named into one slice's folder of that rule; return how many went, and whether it was too full for more.

    Raises:
        StepFailed: it was stopped, or there is no such rule any more, or the file system refused.

    """
    number, name = place
    moved = 0
    assert case.root is not None
    try:
        with (
            files.opened(question(case, name, ()).rule.directory) as source,
            opened(case.root, of_slice(case, number) / name, make=True) as aside,
        ):
            for file in chosen:
                if case.stopped():
                    raise StepFailed(f"stopped after {moved} of {len(chosen)} files")
                moved += moves.move(source, aside, file)
            os.fsync(aside)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise StepFailed(f"files could not be moved into the quarantine: {error}") from error
        return moved, True
    return moved, False


def moved(case: Case, command: Command) -> Effect:
    """Say what a command has brought about that moves the files of one rule into one slice: what lies there has been moved."""
    assert case.root is not None
    try:
        with opened(case.root, of_slice(case, command.slice) / command.arguments["rule"]) as place:
            waiting, _ = files.count(place)
    except FileNotFoundError:
        return "none"
    if waiting == 0:
        return "none"
    return "done" if waiting == len(command.arguments["files"]) else "partial"


def on_target(case: Case, directory: str) -> bool:
    """Say whether the folder `directory` lies on the very file system or subvolume that the case is about."""
    assert case.root is not None
    try:
        return files.device(directory) == files.device(case.root) and _is_below(directory, case)
    except OSError:
        return False


def _is_below(directory: str, case: Case) -> bool:
    # A directory with an allowance of its own shares its device with others: only what lies below it counts.
    assert case.root is not None
    return not space.has_allowance(case) or pathlib.PurePosixPath(directory).is_relative_to(case.root)


def question(case: Case, name: str, held: Collection[tuple[int, int]]) -> Question:
    """Return what is asked of each file of the rule `name`; what is ours is never the rule's business. Raises StepFailed."""
    rule = case.config.cleanup.get(name)
    if rule is None:
        raise StepFailed(f"there is no cleanup rule {name!r} in the configuration")
    actor = case.config.actor
    apart = tuple(place for place in (actor.state_directory, actor.executor_directory) if place is not None)
    return Question(rule, case.now, held, apart, by_blocks=space.has_allowance(case))
