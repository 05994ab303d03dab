"""Programs that an owner named: who else may have written them."""

from __future__ import annotations

import os
import pathlib
import stat
from typing import TYPE_CHECKING

from homeostat.units.places import Unreachable

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv


def see_that_owned(argv: Argv) -> None:
    """See that every file that a command names is root's or ours, and nobody else may write it: an interpreter runs whatever file it is given. Raises Unreachable."""
    for path in [pathlib.Path(argv[0]), *(pathlib.Path(word) for word in argv[1:] if word.startswith("/"))]:
        try:
            status = path.stat()
        except OSError as error:
            raise Unreachable(f"{path} cannot be run: {error.strerror}") from None
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise Unreachable(f"{path} must belong to root and be writable by nobody else")
