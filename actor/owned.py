"""Programs of the owner's that are run with privilege: nobody but root may have written what runs."""

from __future__ import annotations

import os
import pathlib
import stat
from typing import TYPE_CHECKING

from actor.model import StepFailed

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv


def owned(argv: Argv) -> Argv:
    """Return a command that names only files of root's, or of this process's user. Raises StepFailed when somebody else may write one of them."""
    # An interpreter runs whatever file it is given: every file that the command names must be the owner's.
    for path in [pathlib.Path(argv[0]), *(pathlib.Path(word) for word in argv[1:] if word.startswith("/"))]:
        try:
            status = path.stat()
        except OSError as error:
            raise StepFailed(f"{path} cannot be run: {error.strerror}") from None
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StepFailed(f"{path} must belong to root and be writable by nobody else")
    return argv
