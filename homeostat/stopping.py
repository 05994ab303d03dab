"""The kill switch: a file, so that it needs no daemon, no database and no network, and survives a reboot."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib

from homeostat.clock import rfc3339

_MOST_BYTES = 4096


def places(directories: tuple[str, ...]) -> list[pathlib.Path]:
    """Return where a stop may lie in the actor's directories; any one of them stops everything."""
    return [pathlib.Path(directory, "stop") for directory in directories]


def told_by(author: str, now: float, reason: str) -> str:
    """Return what a stop says of itself: who pulled it, when (Unix seconds) and why."""
    return f"by {author} at {rfc3339(now)}: {reason}\n"


def written_in(path: pathlib.Path) -> str | None:
    """Return what a stop says, or None where there is none. One that cannot be read is a stop all the same.

    Root reads one too that the actor's user may put there, so no link is followed and nothing is waited for.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"the stop switch cannot be read: {error.strerror}"
    try:
        return os.read(descriptor, _MOST_BYTES).decode(errors="replace").strip() or "no reason was given"
    except OSError as error:
        return f"the stop switch cannot be read: {error.strerror}"
    finally:
        os.close(descriptor)


def pull(path: pathlib.Path, text: str, ballast: pathlib.Path) -> bool:
    """Write the stop; on a full disk the journal's `ballast` makes room for it. Say whether its text was written too.

    Raises:
        OSError: nothing is stopped.

    """
    try:
        _write(path, text)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            ballast.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                _write(path, text)
                return True
        # That it is there is what stops, whatever it is; what it says is for people.
        if not os.path.lexists(path):
            raise
        return False
    return True


def lift(paths: list[pathlib.Path]) -> list[str]:
    """Take away every stop that there is, and return why for each that stays; each is tried."""
    stay = []
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            # A file system that may not be written refuses this also of what is not there.
            if written_in(path) is not None:
                stay.append(f"{path}: {error.strerror}")
    return stay


def _write(path: pathlib.Path, text: str) -> None:
    # Root may write it where the actor's user could have put a link or a pipe.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    # A new name survives a power cut only when its folder is on disk too.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
