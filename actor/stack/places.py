"""The files of a deployment in their places: put there, and put back where they still are what it put there."""

from __future__ import annotations

import contextlib
import os
import pathlib
import stat

from actor.disk import durable, files
from actor.stack.compose import FOLDER
from actor.stack.record import Held, Placed

_MODE = 0o644
# A compose file and its variables hold passwords, as everybody writes them.
_OWN_MODE = 0o600


def held(path: str) -> Held | None:
    """Return what a path holds, None for nothing.

    Raises:
        OSError: it cannot be read, or is a symlink or anything else than a file.

    """
    place = pathlib.PurePosixPath(path)
    try:
        with files.opened(str(place.parent)) as folder, files.opened_file(place.name, folder) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(f"{path} is no file")
            with open(descriptor, "rb", closefd=False) as stream:
                content = stream.read()
    except FileNotFoundError:
        return None
    return Held(content=content, mode=stat.S_IMODE(status.st_mode), uid=status.st_uid, gid=status.st_gid, modified_ns=status.st_mtime_ns)


def put(placed: Placed) -> None:
    """Put a file in its place, unless the place is no more what it was when this was planned. Raises OSError."""
    place = pathlib.PurePosixPath(placed.path)
    if held(placed.path) != placed.before:
        raise OSError(f"{place} was changed since the plan was made")
    pathlib.Path(place.parent).mkdir(mode=0o755, parents=True, exist_ok=True)
    durable.put(str(place.parent), place.name, placed.content, _mode(placed))


def _mode(placed: Placed) -> int:
    if placed.before is not None:
        return placed.before.mode
    return _OWN_MODE if placed.path.startswith(f"{FOLDER}/") else _MODE


def put_back(placed: Placed) -> bool:
    """Make a path what it was before; False where somebody has changed it since, which stays. It may be repeated. Raises OSError."""
    place, now = pathlib.PurePosixPath(placed.path), held(placed.path)
    with contextlib.suppress(FileNotFoundError), files.opened(str(place.parent)) as folder:
        files.remove_tree(folder, durable.unfinished(place.name))
    if now == placed.before:
        return True
    if now is not None and now.content != placed.content:
        return False
    if now is None and placed.before is not None:
        # Somebody deleted it, and may mean that.
        return False
    if placed.before is None:
        with files.opened(str(place.parent)) as folder:
            os.unlink(place.name, dir_fd=folder)
            os.fsync(folder)
        return True
    durable.put(str(place.parent), place.name, placed.before.content, placed.before.mode)
    with files.opened(str(place.parent)) as folder:
        os.chown(place.name, placed.before.uid, placed.before.gid, dir_fd=folder, follow_symlinks=False)
        os.utime(place.name, ns=(placed.before.modified_ns, placed.before.modified_ns), dir_fd=folder, follow_symlinks=False)
    return True
