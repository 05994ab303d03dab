"""Whether only root could have written what root is going to act on."""

from __future__ import annotations

import os
import pathlib
import stat
from typing import TYPE_CHECKING

from homeostat.config.strict import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeostat.config.types import Config


def see_that_only_root_writes(paths: Iterable[pathlib.Path]) -> None:
    """See that each path, and every folder on the way to it, belongs to root (or to us) and may be written by nobody else.

    A folder that all may write is none where, as in /tmp, nobody may replace what is another's.

    Raises:
        ConfigError: somebody else could change one of them; the message names which.
        OSError: one of them is missing.

    """
    for path in paths:
        each = open_to_others(path)
        if each is not None:
            raise ConfigError(str(path), 0, "", f"{each} must belong to root and be writable by nobody else, for root acts on what it says")


def open_to_others(path: pathlib.Path) -> pathlib.Path | None:
    """Return which of a path and the folders on the way to it somebody else than root (or us) may change, as above; None where nobody may. Raises OSError."""
    for each in (path, *path.absolute().parents, *path.resolve().parents):
        status = each.stat()
        sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
        if status.st_uid not in {0, os.geteuid()} or (status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky):
            return each
    return None


def texts_of(config_file: pathlib.Path, config: Config) -> list[pathlib.Path]:
    """Return every file that the configuration stands in: its own, and Alertmanager's if windows stand in that."""
    shared = config.alertmanager.config_file if config.alertmanager.time_intervals else None
    return [config_file, *([pathlib.Path(shared)] if shared is not None else [])]


def rules_of(config_file: pathlib.Path, config: Config) -> list[pathlib.Path]:
    """Return every file (and folder) that says what may be done and when: the configuration, and the owner's playbooks."""
    own = pathlib.Path(config.actor.playbook_directory) if config.actor.playbook_directory is not None else None
    return [*texts_of(config_file, config), *((own, *sorted(own.glob("*.yml"))) if own is not None else ())]
