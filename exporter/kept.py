"""Kept forecasts on disk: one SQLite file, one transaction an hour, one process at a time."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from exporter.book import Book
from exporter.scoring import KEPT, Batch

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterable, Iterator

    from exporter.scoring import Rows

_BEYOND_REPAIR = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class KeptError(Exception):
    """The kept forecasts cannot be read or written; the message says why in one line."""


class KeptForecasts:
    """The file of kept forecasts: batches of rows of dtype `KEPT`, and the book."""

    def __init__(self, directory: pathlib.Path) -> None:
        """Open or make the file in `directory` and take it for this process alone; one that is beyond repair is set aside.

        Raises:
            KeptError: it cannot be read or written, or another exporter has it.

        """
        self.path = directory / "forecasts.db"
        with self._explained():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=1, isolation_level=None, check_same_thread=False)
        try:
            with self._explained():
                self._take()
        except KeptError:
            self.close()
            raise

    def _take(self) -> None:
        # The lock is held until the end: a second exporter is refused. With a rollback journal there is no shared
        # mapping, which on a full btrfs would be the death of the process.
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("BEGIN EXCLUSIVE")
        self._db.execute("CREATE TABLE IF NOT EXISTS kept (horizon REAL, made_at REAL, rows BLOB, PRIMARY KEY (horizon, made_at))")
        self._db.execute("CREATE TABLE IF NOT EXISTS book (id INTEGER PRIMARY KEY CHECK (id = 1), content BLOB)")
        self._db.execute("COMMIT")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin, and commit at the end; any exception undoes all of it.

        Raises:
            KeptError: the commit did not reach the disk.

        """
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def book(self) -> Book:
        """Return the book as it was last written, at first an empty one. Raises KeptError."""
        with self._explained():
            row = self._db.execute("SELECT content FROM book").fetchone()
            return msgspec.msgpack.decode(row[0], type=Book) if row else Book()

    def write(self, book: Book, batches: Iterable[Batch]) -> None:
        """Write the book and keep `batches`, within a transaction."""
        self._db.execute("INSERT OR REPLACE INTO book VALUES (1, ?)", (msgspec.msgpack.encode(book),))
        rows = [(batch.horizon, batch.made_at, batch.rows.tobytes()) for batch in batches]
        self._db.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", rows)

    def drop_after(self, now: float) -> None:
        """Drop what was kept while the clock was ahead, within a transaction."""
        self._db.execute("DELETE FROM kept WHERE made_at > ?", (now,))

    def take_due(self, until: float) -> list[Batch]:
        """Take out the batches whose horizon ended by `until`, oldest first, within a transaction."""
        due = "FROM kept WHERE made_at + horizon <= ?"
        found = self._db.execute(f"SELECT made_at, horizon, rows {due} ORDER BY made_at", (until,)).fetchall()
        self._db.execute(f"DELETE {due}", (until,))
        return [Batch(made_at, horizon, _rows(content)) for made_at, horizon, content in found]

    def pending(self) -> dict[float, tuple[int, float]]:
        """Return by horizon how many forecasts wait, and when the oldest was made. Raises KeptError."""
        with self._explained():
            found = self._db.execute("SELECT horizon, sum(length(rows)), min(made_at) FROM kept GROUP BY horizon").fetchall()
            return {horizon: (size // KEPT.itemsize, oldest) for horizon, size, oldest in found}

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (msgspec.DecodeError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) not in _BEYOND_REPAIR:
                held = ": another exporter has it open" if "locked" in str(error) else ""
                raise KeptError(f"{self.path}: {error}{held}") from None
            raise KeptError(f"{self.path}: {error}; {self._set_aside()}") from None
        except OSError as error:
            raise KeptError(f"{self.path}: {error}") from None

    def _set_aside(self) -> str:
        """Move a file that nobody can read out of the way: scores are worth no more than starting anew."""
        self.close()
        aside = self.path.with_suffix(".db.unreadable")
        try:
            self.path.replace(aside)
        except OSError as error:
            return f"it could not be moved aside: {error}"
        return f"moved to {aside.name}, scoring begins anew"


def _rows(content: bytes) -> Rows:
    return np.frombuffer(content[: len(content) // KEPT.itemsize * KEPT.itemsize], KEPT)
