"""What survives a kill: the story as it really happened, and the clock."""

from __future__ import annotations

import mmap
import os
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from tests.support import NOW, JumpingClock

if TYPE_CHECKING:
    import pathlib

# The hooks of `points` must not see what the harness itself writes.
_open, _write = os.open, os.write
_WALL = struct.Struct("d")


class Trace:
    """An append-only file of what happened, one JSON object a line: in the page cache, so SIGKILL cannot undo it."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self._file = _open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)

    def write(self, kind: str, **facts: Any) -> None:
        """Add one event."""
        _write(self._file, msgspec.json.encode({"kind": kind, **facts}) + b"\n")

    def read(self) -> list[dict[str, Any]]:
        """Return the story so far."""
        return [msgspec.json.decode(line) for line in self.path.read_bytes().splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of one kind."""
        return [event for event in self.read() if event["kind"] == kind]

    def close(self) -> None:
        os.close(self._file)


class SharedClock(JumpingClock):
    """A clock that only moves when it is slept on, whose wall time outlives the process; steady time begins anew."""

    def __init__(self, path: pathlib.Path) -> None:
        if not path.exists():
            path.write_bytes(_WALL.pack(NOW))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _WALL.size)
        super().__init__(_WALL.unpack(self._page)[0])

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._page[:] = _WALL.pack(self._wall)
