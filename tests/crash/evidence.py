"""What is left of a case: the trace, the disk, and the journal as a stranger reads it."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import sqlite3
from typing import TYPE_CHECKING, Any

import msgspec

from tests.crash.points import is_effect

if TYPE_CHECKING:
    import pathlib

    from tests.crash.scenario import Scenario
    from tests.support import Host


@dataclasses.dataclass(frozen=True)
class Evidence:
    """One case after its last process: `edits` are the user's files, `deaths` how often a process was killed."""

    scenario: Scenario
    host: Host
    story: list[dict[str, Any]]
    edits: dict[pathlib.Path, bytes]
    originals: dict[pathlib.Path, bytes]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of one kind."""
        return [event for event in self.story if event["kind"] == kind]

    @functools.cached_property
    def effects(self) -> list[dict[str, Any]]:
        """What touched the host: every point but the journal's own, the outside's, and processes that only look."""
        return [event for event in self.of("point") if is_effect(event["name"])]

    @functools.cached_property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The journal's tables, row by row."""
        path = self.host.folder / "state" / "journal.db"
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.row_factory = sqlite3.Row
            names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
            found = {name: [dict(row) for row in db.execute(f"SELECT rowid AS _row, * FROM {name} ORDER BY rowid")] for name in names}
            # A process that never came so far has left no table; what is missing then is told by the checks.
            return collections.defaultdict(list, found)

    @property
    def incidents(self) -> list[dict[str, Any]]:
        return self.tables["incidents"]

    def phases(self, incident_id: str) -> list[dict[str, Any]]:
        """Return an incident's phases in order, intents and results read."""
        return [
            {**row, "intent": msgspec.json.decode(row["intent"]), "result": msgspec.json.decode(row["result"]) if row["result"] else None}
            for row in self.tables["phases"]
            if row["incident_id"] == incident_id
        ]

    def total(self, name: str) -> float:
        """Return a counter's sum over its labels."""
        return sum(row["value"] for row in self.tables["totals"] if row["name"] == name)
