"""Finds the files that declare a unit on disk, as systemd would at its next reload, and reads them."""

from __future__ import annotations

import contextlib
import math
import os
import pathlib
import stat
from typing import TYPE_CHECKING

from homeostat.units.facts import File
from homeostat.units.show import changed_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from homeostat.units.places import Place

_MOST_BYTES = 1024 * 1024
QUADLETS = (".container", ".kube", ".pod", ".volume", ".network", ".image", ".build")


def template_of(unit: str) -> str | None:
    """Return `web@.service` of `web@one.service`, None for what is no instance."""
    bare, dot, suffix = unit.rpartition(".")
    prefix, at, instance = bare.partition("@")
    return f"{prefix}@{dot}{suffix}" if at and instance else None


def fragment(unit: str, folders: Sequence[str]) -> str | None:
    """Return the path of the file that declares a unit, its template's where it has none; None where there is none."""
    names = [name for name in (unit, template_of(unit)) if name is not None]
    paths = (pathlib.Path(folder, name) for name in names for folder in folders)
    return next((str(path) for path in paths if path.exists()), None)


def drop_ins(unit: str, folders: Sequence[str]) -> list[str]:
    """Return the paths of a unit's drop-ins, in the order in which they count.

    What `systemctl set-property` wrote is left out, for it is in force already, and so is what generators made.
    """
    found: dict[str, str] = {}
    for name in _drop_in_folders(unit):
        for folder in folders:
            if ".control" not in folder and "/systemd/generator" not in folder:
                for path in sorted(pathlib.Path(folder, name).glob("*.conf")):
                    found.setdefault(path.name, str(path))
    return [found[name] for name in sorted(found)]


def _drop_in_folders(unit: str) -> Iterator[str]:
    yield f"{unit}.d"
    template = template_of(unit)
    if template is not None:
        yield f"{template}.d"
    bare, _, suffix = unit.rpartition(".")
    parts = bare.partition("@")[0].split("-")
    yield from (f"{'-'.join(parts[:count])}-.{suffix}.d" for count in range(len(parts) - 1, 0, -1))
    yield f"{suffix}.d"


def quadlet(unit: str, place: Place) -> str | None:
    """Return the path of the quadlet that a unit of this name would be made from; None where there is none."""
    names = [name.removesuffix(".service") for name in (unit, template_of(unit)) if name is not None]
    files = [f"{name}{suffix}" for name in names for suffix in QUADLETS[:2]]
    files += [f"{name.removesuffix(suffix.replace('.', '-'))}{suffix}" for name in names for suffix in QUADLETS[2:] if name.endswith(suffix.replace(".", "-"))]
    paths = (pathlib.Path(folder, file) for folder in place.quadlets for file in files)
    return next((str(path) for path in paths if path.exists()), None)


def dated(paths: Sequence[str]) -> tuple[File, ...]:
    """Return files with when they last changed."""
    return tuple(File(path, at if math.isfinite(at := changed_at(path)) else None) for path in paths)


def text_of(path: str, place: Place) -> str:
    """Return what stands in a file, nothing where it is none or cannot be read.

    We may be root: of a user's own units nothing is read that this user could not read.
    """
    with contextlib.suppress(OSError):
        # Opened as a path first: to open a device does something already, and a user's unit may be a link to one.
        found = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            status = os.fstat(found)
            may_read = place.user[1] in {0, status.st_uid} or status.st_mode & stat.S_IROTH
            if stat.S_ISREG(status.st_mode) and may_read:
                with pathlib.Path(f"/proc/self/fd/{found}").open("rb") as stream:
                    return stream.read(_MOST_BYTES).decode("utf-8", "replace")
        finally:
            os.close(found)
    return ""
