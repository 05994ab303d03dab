"""One file written so that after a power cut it is there whole, or not at all."""

from __future__ import annotations

import os

from actor.disk import files


def put(folder: str, name: str, content: bytes, mode: int = 0o600) -> None:
    """Write `content` durably as `name` into a folder, in place of what has that name. Raises OSError."""
    with files.opened(folder) as descriptor:
        aside = unfinished(name)
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=descriptor)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            os.rename(aside, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)
        except OSError:
            # On a full disk every attempt would leave one.
            os.unlink(aside, dir_fd=descriptor)
            raise
        os.fsync(descriptor)


def unfinished(name: str) -> str:
    """Return the name that a file bears until it is whole: hidden, and with an ending that nobody reads."""
    return f".{name}.unfinished"
