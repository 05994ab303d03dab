"""Group commit: one fsync for many, and each hears only what is true of its own write."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, JournalError
from actor.journal.group import Group
from homeostat.config import Size

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator


@pytest.fixture
def journal(tmp_path: pathlib.Path) -> Iterator[Journal]:
    opened = Journal(tmp_path, Size(4096))
    yield opened
    opened.close()


def put(number: int) -> Callable[[sqlite3.Connection], None]:
    def write(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO totals VALUES (?, '{}', 1)", (str(number),))

    return write


def stored(journal: Journal) -> set[int]:
    return {int(row["name"]) for row in journal.rows("SELECT name FROM totals")}


class Counted:
    """A journal's transactions, counted, and failing when they are told to."""

    def __init__(self, journal: Journal, fails: Callable[[], BaseException | None] = lambda: None) -> None:
        self.journal = journal
        self.fails = fails
        self.number = 0

    @contextlib.contextmanager
    def __call__(self) -> Iterator[sqlite3.Connection]:
        self.number += 1
        with self.journal.transaction() as db:
            yield db
            failure = self.fails()
            if failure is not None:
                raise failure


def at_once(group: Group, transaction: Counted, numbers: range) -> dict[int, BaseException | None]:
    """Commit all these at the same moment: they gather while the first holds the journal; return what each heard."""
    heard: dict[int, BaseException | None] = {}
    held = threading.Event()

    def commit(number: int) -> None:
        try:
            group.commit(transaction, put(number))
        except BaseException as error:  # noqa: BLE001 - whatever is heard is told
            heard[number] = error
        else:
            heard[number] = None

    def hold(_: sqlite3.Connection) -> None:
        held.wait(10)

    threads = [threading.Thread(target=group.commit, args=(transaction, hold))]
    threads += [threading.Thread(target=commit, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while len(group._waiting) < len(numbers) and time.monotonic() < deadline:
        time.sleep(0.005)
    held.set()
    for thread in threads:
        thread.join(10)
    return heard


def test_what_gathers_while_one_commits_is_committed_together(journal: Journal) -> None:
    counted = Counted(journal)
    heard = at_once(Group(), counted, range(6))
    assert heard == dict.fromkeys(range(6))
    assert (stored(journal), counted.number) == (set(range(6)), 2)


def test_a_commit_that_fails_is_told_to_each_of_it_and_the_next_is_its_own(journal: Journal) -> None:
    counted = Counted(journal)
    counted.fails = lambda: sqlite3.OperationalError("database or disk is full") if counted.number == 2 else None
    group = Group()
    heard = at_once(group, counted, range(6))
    assert {str(error) for error in heard.values()} == {f"{journal.path}: not written: database or disk is full"}
    assert all(isinstance(error, JournalError) for error in heard.values())
    assert stored(journal) == set()
    group.commit(counted, put(7))
    assert stored(journal) == {7}


@pytest.mark.parametrize("failure", [ValueError("a bug"), SystemExit(1)])
def test_whoever_commits_for_others_and_breaks_leaves_none_of_them_believing(journal: Journal, failure: BaseException) -> None:
    counted = Counted(journal)
    counted.fails = lambda: failure if counted.number == 2 else None
    heard = at_once(Group(), counted, range(6))
    assert list(heard.values()).count(failure) == 1
    assert sum(isinstance(error, JournalError) and "broken off" in str(error) for error in heard.values()) == 5
    assert stored(journal) == set()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_fails_each_write_is_stored_once_exactly_when_it_was_acknowledged(journal: Journal, seed: int) -> None:
    chance = random.Random(seed)
    counted = Counted(journal, lambda: sqlite3.OperationalError("disk I/O error") if chance.random() < 0.3 else None)
    group, acknowledged, refused = Group(), set(), set()

    def work(first: int) -> None:
        for number in range(first, first + 25):
            try:
                group.commit(counted, put(number))
            except JournalError:
                refused.add(number)
            else:
                acknowledged.add(number)

    threads = [threading.Thread(target=work, args=(100 * worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stored(journal) == acknowledged
    assert len(acknowledged) + len(refused) == 200
    assert refused
