"""The journal: one SQLite file, every commit on disk before anything depends on it, one process at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from actor.journal.group import Group, JournalError
from actor.journal.schema import MIGRATIONS

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from actor.journal.group import Write
    from homeostat.config import Size

__all__ = ["Journal", "JournalError"]


class Journal:
    """One connection for all threads, behind one lock."""

    def __init__(self, directory: pathlib.Path, ballast_bytes: Size) -> None:
        """Open or make the journal in `directory`, bring its schema up to date, and take it for this process alone.

        Raises:
            JournalError: it cannot be read or written, belongs to a newer version, or another actor has it.

        """
        self.path = directory / "journal.db"
        self._ballast = directory / "ballast"
        self._ballast_bytes = ballast_bytes
        self._lock = threading.RLock()
        self._group = Group()
        self.writable = True
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = self._open()
            self._migrate()
            self._lay_ballast()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise JournalError(f"{self.path}: another actor has this journal open; one journal serves one actor") from None
            raise JournalError(f"{self.path}: the journal cannot be opened: {error}") from None
        except (sqlite3.DatabaseError, OSError) as error:
            raise JournalError(f"{self.path}: the journal cannot be read: {error}; move it aside or restore it from a backup") from None

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=1, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        # EXCLUSIVE before first use keeps the WAL index in memory: no shared mapping, so no SIGBUS on a full btrfs,
        # and a second actor is refused. FULL makes every commit durable before we answer 202.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        return db

    def _migrate(self) -> None:
        with self.transaction() as db:
            version: int = db.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise JournalError(f"{self.path}: written by a newer version of Homeostat (schema {version}, known {len(MIGRATIONS)}); upgrade")
            for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
                migration(db)
                db.execute(f"PRAGMA user_version = {number}")
            # A write now makes sure that the lock is ours.
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _lay_ballast(self) -> None:
        if self._ballast.exists() and self._ballast.stat().st_size == self._ballast_bytes:
            return
        with self._ballast.open("wb") as file, contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, self._ballast_bytes)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the journal, begin, and commit durably at the end; any exception undoes all of it.

        Raises:
            JournalError: the commit did not reach the disk; on a full disk the ballast has then been given up once.

        """
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
                self.writable = True
            except sqlite3.DatabaseError as error:
                self._abandon()
                raise JournalError(f"{self.path}: not written: {error}") from error
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def together(self, write: Write) -> None:
        """Commit `write` durably, in one transaction with what other threads ask for at the same moment. Raises JournalError."""
        self._group.commit(self.transaction, write)

    def _abandon(self) -> None:
        self.writable = False
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        # The room that the ballast kept lets the next attempt be recorded.
        with contextlib.suppress(OSError):
            self._ballast.unlink(missing_ok=True)

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Return what `query` selects. Raises JournalError."""
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise JournalError(f"{self.path}: not read: {error}") from error

    def close(self) -> None:
        """Fold the write-ahead log in and let the journal go."""
        with self._lock:
            self._db.close()
