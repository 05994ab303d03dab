"""Group commit: what several threads write at one moment reaches the disk together, by one of them, with one fsync."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import contextlib
    import sqlite3
    from collections.abc import Callable

    Write = Callable[[sqlite3.Connection], None]
    Transaction = Callable[[], contextlib.AbstractContextManager[sqlite3.Connection]]


class JournalError(Exception):
    """The journal cannot be used; the message says why and what to do."""


@dataclasses.dataclass(eq=False)
class _Entry:
    """One thread's write: it counts as failed until the commit that holds it has returned."""

    write: Write
    settled: bool = False
    failure: str | None = "not written: the commit was broken off"


class Group:
    """Whoever comes while nobody commits, commits for all who wait; who comes meanwhile waits for the next commit."""

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._waiting: list[_Entry] = []
        self._list = threading.Lock()
        self._turn = threading.Lock()

    def commit(self, transaction: Transaction, write: Write) -> None:
        """Return when `write` is durable; it may run in another thread, in one transaction with others' writes.

        Raises:
            JournalError: that transaction failed, for all that were in it.

        """
        entry = _Entry(write)
        with self._list:
            self._waiting.append(entry)
        with self._turn:
            if not entry.settled:
                self._commit_waiting(transaction)
        if entry.failure is not None:
            raise JournalError(entry.failure)

    def _commit_waiting(self, transaction: Transaction) -> None:
        with self._list:
            batch, self._waiting = self._waiting, []
        try:
            with transaction() as db:
                for entry in batch:
                    entry.write(db)
            for entry in batch:
                entry.failure = None
        except JournalError as error:
            for entry in batch:
                entry.failure = str(error)
        finally:
            for entry in batch:
                entry.settled = True
