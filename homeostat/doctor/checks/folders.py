"""The places of the catalogue are there: file systems, and the folders of the cleanup rules, each on one of these file systems."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    config = subject.doors.config
    roots = {name: pathlib.Path(filesystem.path or name) for name, filesystem in config.filesystems.items()}
    places = {f"filesystems.{name}": path for name, path in roots.items()}
    places |= {f"cleanup.{name}.directory": pathlib.Path(rule.directory) for name, rule in config.cleanup.items()}
    there = {key: _is_there(path) for key, path in places.items()}
    for key, path in places.items():
        if there[key] is False:
            yield failed(f"{key}: there is no folder {path} on this host", f"mend {key}, or make the folder")
    for name, rule in config.cleanup.items():
        if not any(pathlib.Path(rule.directory).is_relative_to(root) for root in roots.values()):
            yield warned(f"cleanup.{name}: {rule.directory} is on no file system of the catalogue, so the rule is never used", "name the file system it is on in filesystems")
    hidden = [str(places[key]) for key, known in there.items() if known is None]
    if all(known is not False for known in there.values()):
        yield passed(f"{len(places) - len(hidden)} folders are there{f'; this user may not look at {named(hidden)}' if hidden else ''}")


def _is_there(path: pathlib.Path) -> bool | None:
    """Say whether it is a folder, None where we may not look."""
    try:
        return path.is_dir()
    except PermissionError:
        return None


CHECK = Check(order=210, ask=_ask)
