"""The journal: durable under kill -9, one process at a time, alive on a full disk."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, JournalError, intake, schema
from homeostat.config import Size
from tests.real import mounted, tmpfs
from tests.support import WEB, labels_of, received

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

BALLAST = Size(65536)
ALERT = received(labels_of(WEB, "service-restart", "auto-execute"))
WRITER = """
import pathlib, sys
from actor.journal import Journal, intake
from actor.journal.intake import ReceivedAlert
journal = Journal(pathlib.Path(sys.argv[1]), 65536)
for number in range(10**9):
    alert = ReceivedAlert(status="firing", labels={"n": str(number)}, annotations={}, starts_at="", fingerprint="f")
    intake.store(journal, "webhook", 1.0, (b"body", 0), [alert])
    print(number, flush=True)
"""


@contextlib.contextmanager
def journal_in(directory: pathlib.Path, ballast: Size = BALLAST) -> Iterator[Journal]:
    journal = Journal(directory, ballast)
    try:
        yield journal
    finally:
        journal.close()


def store(journal: Journal, body: bytes = b"{}") -> None:
    intake.store(journal, "webhook", 1.0, (body, 0), [ALERT])


def count(journal: Journal, table: str = "deliveries") -> int:
    number: int = journal.rows(f"SELECT count(*) FROM {table}")[0][0]
    return number


def test_what_was_committed_is_there_in_the_next_process(tmp_path: pathlib.Path) -> None:
    with journal_in(tmp_path) as journal:
        store(journal)
    with journal_in(tmp_path) as journal:
        assert (count(journal), count(journal, "alerts")) == (1, 1)


def test_it_makes_its_folder_for_nobody_else(tmp_path: pathlib.Path) -> None:
    with journal_in(tmp_path / "a" / "state"):
        assert (tmp_path / "a" / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("turn", range(3))
def test_every_acknowledged_delivery_survives_kill_9(tmp_path: pathlib.Path, turn: int) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(20 + 30 * turn):
        acknowledged = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read()
    writer.wait()
    writer.stdout.close()
    acknowledged = int(rest.split()[-1]) if rest.split() else acknowledged
    with journal_in(tmp_path) as journal:
        stored = {row["labels"] for row in journal.rows("SELECT labels FROM alerts")}
    assert {f'{{"n":"{number}"}}' for number in range(acknowledged + 1)} <= stored
    assert len(stored) <= acknowledged + 2


def test_a_second_actor_is_refused_in_one_clear_line(tmp_path: pathlib.Path) -> None:
    with journal_in(tmp_path):
        code = f"import pathlib; from actor.journal import Journal; Journal(pathlib.Path({str(tmp_path)!r}), 65536)"
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    line = f"{tmp_path}/journal.db: another actor has this journal open; one journal serves one actor"
    assert second.stderr.splitlines()[-1] == f"actor.journal.group.JournalError: {line}"


@pytest.mark.parametrize("content", [b"this is no database, and long enough to be seen as none" * 50, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_corrupt_file_is_an_error_that_says_what_to_do(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / "journal.db").write_bytes(content)
    with pytest.raises(JournalError, match=r"journal\.db: the journal cannot be read: .*; move it aside or restore it from a backup"):
        Journal(tmp_path, BALLAST)
    assert (tmp_path / "journal.db").read_bytes() == content


def test_a_folder_in_its_place_is_an_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(JournalError, match="the journal cannot be opened: unable to open database file"):
        Journal(tmp_path, BALLAST)


def test_a_state_directory_that_is_a_file_is_an_error(tmp_path: pathlib.Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(JournalError, match="File exists"):
        Journal(tmp_path / "state", BALLAST)


def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path: pathlib.Path) -> None:
    with journal_in(tmp_path) as journal, journal.transaction() as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match=rf"written by a newer version of Homeostat \(schema 99, known {len(schema.MIGRATIONS)}\); upgrade"):
        Journal(tmp_path, BALLAST)


def test_opening_it_again_migrates_nothing_twice(tmp_path: pathlib.Path) -> None:
    for _ in range(3):
        with journal_in(tmp_path) as journal:
            assert journal.rows("PRAGMA user_version")[0][0] == len(schema.MIGRATIONS)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_transaction_is_undone_by_any_exception(tmp_path: pathlib.Path, error: type[BaseException]) -> None:
    with journal_in(tmp_path) as journal:
        with pytest.raises(error), journal.transaction() as db:  # noqa: PT012 - the whole block is the transaction
            db.execute("INSERT INTO totals VALUES ('a', '{}', 1)")
            raise error
        assert count(journal, "totals") == 0
        store(journal)
        assert count(journal) == 1


def test_every_commit_is_made_durable_before_it_returns(tmp_path: pathlib.Path) -> None:
    with journal_in(tmp_path) as journal:
        settings = {name: journal.rows(f"PRAGMA {name}")[0][0] for name in ("synchronous", "journal_mode", "locking_mode", "foreign_keys")}
    assert settings == {"synchronous": 2, "journal_mode": "wal", "locking_mode": "exclusive", "foreign_keys": 1}


def test_no_shared_memory_file_is_mapped_for_that_kills_on_a_full_btrfs(tmp_path: pathlib.Path) -> None:
    with journal_in(tmp_path) as journal:
        store(journal)
        assert not (tmp_path / "journal.db-shm").exists()


def test_many_threads_write_and_read_at_once(tmp_path: pathlib.Path) -> None:
    with journal_in(tmp_path) as journal:
        threads = [threading.Thread(target=lambda: [store(journal) or count(journal) for _ in range(10)]) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert count(journal) == 60


def test_the_ballast_is_laid_in_full_and_again_at_the_next_start(tmp_path: pathlib.Path) -> None:
    ballast = tmp_path / "ballast"
    for _ in range(2):
        with journal_in(tmp_path):
            assert (ballast.stat().st_size, ballast.stat().st_blocks * 512 >= BALLAST) == (BALLAST, True)
        ballast.unlink()


@pytest.mark.integration
def test_on_a_full_disk_it_says_so_gives_up_the_ballast_and_records_the_next(tmp_path: pathlib.Path) -> None:
    with tmpfs(tmp_path / "small", 1024) as place, journal_in(place / "state", Size(256 * 1024)) as journal:
        store(journal)
        fill(place)
        with pytest.raises(JournalError, match="not written: database or disk is full"):
            store(journal, os.urandom(64 * 1024))
        assert not journal.writable
        assert not (place / "state" / "ballast").exists()
        assert count(journal) == 1
        store(journal, os.urandom(64 * 1024))
        assert journal.writable
        assert count(journal) == 2


@pytest.mark.integration
def test_on_a_disk_that_stays_full_it_stays_alive_and_nothing_is_half_written(tmp_path: pathlib.Path) -> None:
    with tmpfs(tmp_path / "small", 512) as place, journal_in(place / "state") as journal:
        store(journal)
        for _ in range(3):
            fill(place)
            with pytest.raises(JournalError, match="not written"):
                store(journal, os.urandom(200 * 1024))
        assert (count(journal), count(journal, "alerts")) == (1, 1)
        (place / "filling").unlink()
        store(journal)
        assert count(journal) == 2


@pytest.mark.integration
def test_it_starts_on_a_full_disk_without_its_ballast(tmp_path: pathlib.Path) -> None:
    with tmpfs(tmp_path / "small", 512) as place:
        with journal_in(place / "state") as journal:
            store(journal)
        (place / "state" / "ballast").unlink()
        fill(place, leave=24 * 1024)
        with journal_in(place / "state") as journal:
            assert count(journal) == 1


@pytest.mark.integration
def test_a_file_system_that_turns_read_only_is_a_journal_error(tmp_path: pathlib.Path) -> None:
    with tmpfs(tmp_path / "small", 1024) as place, journal_in(place / "state") as journal:
        store(journal)
        with pytest.raises(JournalError, match="not written"), failing(place, journal):
            store(journal)


@contextlib.contextmanager
def failing(place: pathlib.Path, journal: Journal) -> Iterator[None]:
    """Let SQLite fail in the middle of a transaction while nothing may be removed either."""
    real = journal._db

    class Broken:
        """Takes every statement but an insert."""

        in_transaction = False

        def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
            if statement.startswith("INSERT"):
                raise sqlite3.OperationalError("attempt to write a readonly database")
            return real.execute(statement, *values)

    with mounted(place / "state", "--bind", str(place / "state")):
        subprocess.run(["mount", "-o", "remount,bind,ro", place / "state"], check=True)
        journal._db = Broken()
        try:
            yield
        finally:
            journal._db = real


@pytest.mark.parametrize("error", [sqlite3.DatabaseError("database disk image is malformed"), sqlite3.OperationalError("disk I/O error")])
def test_whatever_sqlite_says_while_writing_is_a_journal_error(tmp_path: pathlib.Path, error: sqlite3.Error) -> None:
    with journal_in(tmp_path) as journal:
        with pytest.raises(JournalError, match=str(error)), journal.transaction():
            raise error
        assert not journal.writable
        store(journal)
        assert journal.writable


def test_whatever_sqlite_says_while_reading_is_a_journal_error(tmp_path: pathlib.Path) -> None:
    with journal_in(tmp_path) as journal, pytest.raises(JournalError, match="not read: no such table: nowhere"):
        journal.rows("SELECT * FROM nowhere")


def fill(place: pathlib.Path, leave: int = 0) -> None:
    """Fill a file system to its last block, but for `leave` bytes."""
    with (place / "filling").open("ab") as file, contextlib.suppress(OSError):
        while True:
            status = os.statvfs(place)
            free = status.f_bavail * status.f_frsize - leave
            if free <= 0:
                return
            file.write(b"\0" * min(free, 65536))
            file.flush()
