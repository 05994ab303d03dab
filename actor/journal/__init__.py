"""The journal: one SQLite file, every commit on disk before anything depends on it, one process at a time."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from actor.journal.group import Group, JournalError
from actor.journal.room import Ballast, make_place
from actor.journal.schema import MIGRATIONS

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

    from actor.journal.group import Write
    from homeostat.config import Size

__all__ = ["Journal", "JournalError"]

T = TypeVar("T")

# An error's extended code holds its primary one in the lowest byte; a disk may tell at fsync only that it is full.
_PRIMARY_CODE = 0xFF
_FOR_WANT_OF_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
# What the write-ahead log has once taken stays its own, to be written over when there is no new room.
_LOG_BYTES = 8 * 1024**2


class Journal:
    """One connection for all threads, behind one lock."""

    def __init__(self, directory: pathlib.Path, ballast_bytes: Size) -> None:
        """Open or make the journal in `directory`, bring its schema up to date, and take it for this process alone.

        Raises:
            JournalError: it cannot be read or written, belongs to a newer version, or another actor has it.

        """
        self.path = directory / "journal.db"
        self.ballast = Ballast(directory / "ballast", ballast_bytes)
        self._lock = threading.RLock()
        self._group = Group()
        self.writable = True
        try:
            make_place(directory)
            self._db = self._with_ballast(self._open)
            self._with_ballast(self._migrate)
            self.ballast.lay()
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise JournalError(f"{self.path}: another actor has this journal open; one journal serves one actor") from None
            raise JournalError(f"{self.path}: the journal cannot be opened: {error}") from None
        except (sqlite3.DatabaseError, OSError) as error:
            raise JournalError(f"{self.path}: the journal cannot be read: {error}; move it aside or restore it from a backup") from None

    def _with_ballast(self, deed: Callable[[], T]) -> T:
        """Do it, and on a disk that is too full for it once more in the room that the ballast kept. Raises sqlite3.OperationalError and JournalError."""
        try:
            return deed()
        except (sqlite3.OperationalError, JournalError) as error:
            if "locked" in str(error) or self.ballast.shortage() is None:
                raise
        self.ballast.give_up()
        return deed()

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=1, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        try:
            _settle(db)
        except sqlite3.Error:
            # Else its lock would stand in the way of the next attempt.
            db.close()
            raise
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
                self._abandon(error)
                raise JournalError(f"{self.path}: not written: {error}") from error
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def together(self, write: Write) -> None:
        """Commit `write` durably, in one transaction with what other threads ask for at the same moment. Raises JournalError."""
        self._group.commit(self.transaction, write)

    def _abandon(self, error: sqlite3.DatabaseError) -> None:
        self.writable = False
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _FOR_WANT_OF_ROOM:
            # The room that the ballast kept lets the next attempt be recorded.
            self.ballast.give_up()

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Return what `query` selects. Raises JournalError."""
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise JournalError(f"{self.path}: not read: {error}") from error

    def shortage(self) -> str | None:
        """Return in words why the journal may soon be unable to record, or None while it has room."""
        return self.ballast.shortage() if self.writable else "the last commit did not reach the disk"

    def size_bytes(self) -> int:
        """Return what the journal takes on disk, with its write-ahead log but without the ballast."""
        return sum(path.stat().st_size for path in (self.path, self.path.with_name(f"{self.path.name}-wal")) if path.exists())

    def close(self) -> None:
        """Fold the write-ahead log in and let the journal go."""
        with self._lock:
            self._db.close()


def _settle(db: sqlite3.Connection) -> None:
    # EXCLUSIVE before first use keeps the WAL index in memory: no shared mapping, so no SIGBUS on a full btrfs,
    # and a second actor is refused. FULL makes every commit durable before we answer 202.
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
