"""Services without systemd: the owner's own programs, which only the owner of this process may have written."""

from __future__ import annotations

import os
import pathlib
import stat
from typing import TYPE_CHECKING

from actor.kinds import Manager
from actor.model import StepFailed

if TYPE_CHECKING:
    from homeostat.config.catalogue import Argv, Service


def _owned(argv: Argv) -> Argv:
    # An interpreter runs whatever file it is given: every file that the command names must be the owner's.
    for path in [pathlib.Path(argv[0]), *(pathlib.Path(word) for word in argv[1:] if word.startswith("/"))]:
        try:
            status = path.stat()
        except OSError as error:
            raise StepFailed(f"{path} cannot be run: {error.strerror}") from None
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StepFailed(f"{path} must belong to root and be writable by nobody else")
    return argv


def _show(service: Service) -> Argv:
    assert service.commands is not None
    return _owned(service.commands.show)


def _restart(service: Service) -> Argv:
    assert service.commands is not None
    return _owned(service.commands.restart)


MANAGER = Manager(show=_show, restart=_restart)
