"""Puts a file in another's place at once, checked before, with a copy of the old one beside it."""

from __future__ import annotations

import os
import pathlib
import shutil
import stat
import tempfile
from typing import TYPE_CHECKING

from homeostat import shell
from homeostat.generate.marks import MergeError

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHECK_SECONDS = 60


def replace(path: pathlib.Path, before: bytes, after: bytes, check: Sequence[str], now: str) -> pathlib.Path:
    """Replace the file at `path`, which held `before`, by `after` with its mode and owner, and return where the old one is kept.

    `check` is the command that must accept the new file; it is asked where its program is installed. `now` names the copy.

    Raises:
        MergeError: the check does not accept it, or somebody else has changed the file. Then nothing is replaced.
        OSError: it cannot be written.

    """
    place = path.resolve(strict=True)
    found = place.stat()
    if not stat.S_ISREG(found.st_mode):
        raise MergeError("this is no file")
    # Beside it, for a configuration names other files relative to itself.
    descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    new = pathlib.Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(after)
            file.flush()
            os.fchown(file.fileno(), found.st_uid, found.st_gid)
            shutil.copystat(place, new)
            # What copies and watches files must see that it is another than before.
            os.utime(new)
            os.fsync(file.fileno())
        _accepted(check, new)
        backup = _kept(place, before, now)
        if place.read_bytes() != before:
            raise MergeError("somebody else has changed it meanwhile; run this again")
        new.replace(place)
    finally:
        new.unlink(missing_ok=True)
    _settle(place.parent)
    return backup


def _accepted(check: Sequence[str], new: pathlib.Path) -> None:
    program = shutil.which(check[0])
    if program is None:
        return
    checked = shell.run((program, *check[1:], str(new)), _CHECK_SECONDS)
    if not checked.ok:
        words = " ".join(checked.output.replace(str(new), "the result").split())
        raise MergeError(f"{check[0]} does not accept the result, nothing was written: {words or checked}")


def _kept(place: pathlib.Path, before: bytes, now: str) -> pathlib.Path:
    backup = place.with_name(f"{place.name}.{now}.bak")
    with backup.open("xb") as file:
        file.write(before)
        file.flush()
        os.fchown(file.fileno(), place.stat().st_uid, place.stat().st_gid)
        shutil.copystat(place, backup)
        os.fsync(file.fileno())
    return backup


def _settle(folder: pathlib.Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
