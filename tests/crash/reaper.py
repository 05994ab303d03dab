"""SIGKILL as a test can have it: at the n-th effect on the world nothing more happens, not even a `finally` of ours."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from actor.disk import entries
from actor.journal import Journal
from homeostat import shell

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    import pytest

FILE_EFFECTS = ("rename", "replace", "link", "symlink", "unlink", "remove", "mkdir", "rmdir", "chown", "fchown", "fchmod")


class Killed(BaseException):
    """The process is gone; no `except Exception` hears of it."""


class Reaper:
    """Counts effects and kills before or after the one whose number it was given; `None` kills never."""

    def __init__(self, number: int | None, *, after: bool = False) -> None:
        self.left = number
        self.after = after
        self.seen: list[str] = []

    def around(self, name: str, effect: Callable[[], Any]) -> Any:
        """Run one effect, and die just before or just after it when its turn has come."""
        self.seen.append(name)
        dies = self.left == len(self.seen) - 1
        if dies and not self.after:
            raise Killed(f"before {name}")
        if not dies:
            return effect()
        with contextlib.suppress(OSError):
            result = effect()
            if name == "process":
                # Whoever dies, what it started goes on.
                result.communicate()
        raise Killed(f"after {name}")


@contextlib.contextmanager
def reaping(monkeypatch: pytest.MonkeyPatch, reaper: Reaper) -> Iterator[Reaper]:
    """Let `reaper` stand beside every journal commit, every change of a file, and every process that is started."""
    with monkeypatch.context() as patch:
        for name in FILE_EFFECTS:
            patch.setattr(os, name, _counted(reaper, name, getattr(os, name)))
        patch.setattr(entries, "_renameat2", _counted(reaper, "renameat2", entries._renameat2))
        patch.setattr(shell.subprocess, "Popen", _counted(reaper, "process", shell.subprocess.Popen))
        patch.setattr(Journal, "transaction", _transaction(reaper))
        yield reaper


def _counted(reaper: Reaper, name: str, effect: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values, **options: reaper.around(name, lambda: effect(*values, **options))


def _transaction(reaper: Reaper) -> Callable[[Journal], contextlib.AbstractContextManager[sqlite3.Connection]]:
    real = Journal.transaction

    @contextlib.contextmanager
    def transaction(journal: Journal) -> Iterator[sqlite3.Connection]:
        if reaper.left == len(reaper.seen) and not reaper.after:
            raise Killed("before a commit")
        with real(journal) as db:
            yield db
        reaper.around("commit", lambda: None)

    return transaction
