"""The schema: a journal that the very first version wrote is brought up to date with all it holds; long ones stay quick."""

from __future__ import annotations

import pathlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from actor.journal import Journal, incidents, ledger, schema
from homeostat.config import Size
from tests.actor.web import AS_OPERATOR, pages_of
from tests.support import DISK, WEB, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import Actor

FIRST = pathlib.Path(__file__).with_name("first_schema.sql")
LONG = ("deliveries", "alerts", "incidents", "phases", "verdicts", "executions")


def master(db: sqlite3.Connection) -> set[tuple[str, str]]:
    return {(row[0], row[1]) for row in db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")}


@pytest.fixture
def old(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a state directory whose journal the first schema made, with an actor's life in it."""
    db = sqlite3.connect(tmp_path / "journal.db")
    db.executescript(FIRST.read_text(encoding="utf-8"))
    db.close()
    return tmp_path


@pytest.fixture
def migrated(old: pathlib.Path) -> Iterator[Journal]:
    journal = Journal(old, Size(4096))
    yield journal
    journal.close()


def test_the_oldest_journal_is_of_the_first_schema(old: pathlib.Path) -> None:
    db, first = sqlite3.connect(old / "journal.db"), sqlite3.connect(":memory:")
    schema.MIGRATIONS[0](first)
    assert db.execute("PRAGMA user_version").fetchone()[0] == 1
    assert master(db) == master(first)
    db.close()
    first.close()


def test_the_oldest_journal_becomes_what_a_new_one_is(migrated: Journal, tmp_path: pathlib.Path) -> None:
    fresh = Journal(tmp_path / "fresh", Size(4096))
    assert master(migrated._db) == master(fresh._db)
    assert migrated.rows("PRAGMA user_version")[0][0] == len(schema.MIGRATIONS)
    fresh.close()


def test_the_oldest_journal_keeps_all_it_held(migrated: Journal) -> None:
    held = sqlite3.connect(":memory:")
    held.executescript(FIRST.read_text(encoding="utf-8"))
    for (table,) in held.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = ", ".join(row[1] for row in held.execute(f"PRAGMA table_info({table})"))
        before = held.execute(f"SELECT {columns} FROM {table}").fetchall()
        assert [tuple(row) for row in migrated.rows(f"SELECT {columns} FROM {table}")] == before
        assert before
    held.close()
    assert [row[0] for row in migrated.rows("PRAGMA integrity_check")] == ["ok"]
    assert migrated.rows("PRAGMA foreign_key_check") == []


def test_what_was_done_under_the_first_schema_is_told_under_this_one(migrated: Journal) -> None:
    assert {(action, target, resource) for action, _, target, resource, _ in ledger.last_actions(migrated)} == {
        ("service-restart", "web", "memory"), ("disk-cleanup", "disk", "filesystem"),
    }  # fmt: skip
    assert {incident.outcome for incident in incidents.recent(migrated, 0.0)} == {"succeeded", "refused", None}


def test_no_query_of_the_loop_a_scrape_or_the_api_reads_the_whole_of_a_long_table(actor: Actor) -> None:
    asked: set[str] = set()
    actor.journal._db.set_trace_callback(asked.add)
    pages = pages_of(actor)
    actor.decide(WEB, "service-restart")
    actor.hear(labels_of(DISK, "disk-cleanup", "propose"))
    actor.turn()
    for path in ("/metrics", "/api/v1/status", "/api/v1/decisions?last=60", "/api/v1/decisions?target=web&pending=true", f"/api/v1/incidents/{actor.incident().id}"):
        assert pages.client.get(path, headers=AS_OPERATOR).status_code == 200
    actor.journal._db.set_trace_callback(None)
    read = [statement for statement in asked if statement.startswith(("SELECT", "UPDATE", "DELETE"))]
    assert len(read) > 20
    # The executions of a year are what budgets and cooldowns are counted from; each action's last is read off an index.
    scans = [(step, statement) for statement in read for step in plan(actor.journal, statement) if "FROM executions" not in statement]
    assert [scan for scan in scans if any(scan[0] == f"SCAN {table}" for table in LONG)] == []


def plan(journal: Journal, statement: str) -> list[str]:
    return [row["detail"] for row in journal.rows(f"EXPLAIN QUERY PLAN {statement}")]
