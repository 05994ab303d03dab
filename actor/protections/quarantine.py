"""Files are moved aside on their own file system before they are deleted: until the purge each can go back."""

from __future__ import annotations

import contextlib
import os
import pathlib
from typing import Any

from actor import files, quarantine
from actor.model import Case, Protection, Restored, Unprotectable


def _obstacle(case: Case) -> str | None:
    if case.root is None:
        return "the target is no file system"
    try:
        status = os.statvfs(case.root)
        with files.opened(case.root):
            pass
    except OSError as error:
        return f"{case.root} cannot be opened: {error.strerror}"
    if status.f_flag & os.ST_RDONLY:
        return f"{case.root} is read-only"
    if not os.access(case.root, os.W_OK):
        return f"{case.root} may not be written"
    return None


def _protect(case: Case) -> dict[str, Any]:
    obstacle = _obstacle(case)
    if obstacle:
        raise Unprotectable(obstacle)
    assert case.root is not None
    try:
        with files.opened(case.root) as root, files.opened_below(root, quarantine.part(case), make=True):
            pass
    except OSError as error:
        raise Unprotectable(f"no quarantine can be made in {case.root}: {error.strerror}") from None
    directories = {name: rule.directory for name, rule in case.config.cleanup.items()}
    return {"root": case.root, "part": str(quarantine.part(case)), "directories": directories}


def _seal(case: Case, record: dict[str, Any]) -> dict[str, Any]:
    del case
    return record


def _keep(case: Case, record: dict[str, Any]) -> None:
    del case
    _remove_when_empty(record)


def _roll_back(case: Case, record: dict[str, Any]) -> Restored:
    del case
    restored, conflicts = 0, []
    with contextlib.ExitStack() as opening:
        try:
            root = opening.enter_context(files.opened(record["root"]))
            part = opening.enter_context(files.opened_below(root, pathlib.PurePosixPath(record["part"])))
        except FileNotFoundError:
            return Restored()
        for rule in sorted(os.listdir(part)):  # noqa: PTH208 - by descriptor
            directory = record["directories"][rule]
            with files.opened_below(part, pathlib.PurePosixPath(rule)) as source, files.opened(directory) as destination:
                back, taken = files.move_back(source, destination)
            restored += back
            conflicts += [f"{directory}/{path}" for path in taken]
    _remove_when_empty(record)
    return Restored(restored=restored, conflicts=tuple(conflicts))


def _remove_when_empty(record: dict[str, Any]) -> None:
    part = pathlib.PurePosixPath(record["part"])
    with contextlib.suppress(FileNotFoundError), files.opened(record["root"]) as root, files.opened_below(root, part.parent) as place:
        with files.opened_below(place, pathlib.PurePosixPath(part.name)) as own:
            waiting, _ = files.count(own)
        if waiting == 0:
            files.remove_tree(place, part.name)


PROTECTION = Protection(obstacle=_obstacle, protect=_protect, seal=_seal, keep=_keep, roll_back=_roll_back)
