"""What persons said of everything at once: who paused, stopped, resumed and closed breakers, when and why; the last of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from homeostat.words import ControlWord

if TYPE_CHECKING:
    import sqlite3

    from actor.journal import Journal

_MOST = 1000


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, of how much, by whom and when (Unix seconds); `until` is set where it ends by itself."""

    word: ControlWord
    scope: str
    author: str
    said_at: float
    until: float | None = None
    reason: str = ""


def say(db: sqlite3.Connection, control: Control) -> None:
    """Keep what a person said; of very many the oldest goes."""
    db.execute(
        "INSERT INTO controls (word, scope, author, said_at, until, reason) VALUES (?, ?, ?, ?, ?, ?)",
        (control.word, control.scope, control.author, control.said_at, control.until, control.reason),
    )
    db.execute("DELETE FROM controls WHERE id <= (SELECT max(id) FROM controls) - ?", (_MOST,))


def latest(journal: Journal, most: int) -> list[Control]:
    """Return so many at most, the last said first."""
    rows = journal.rows("SELECT word, scope, author, said_at, until, reason FROM controls ORDER BY id DESC LIMIT ?", most)
    return [msgspec.convert(dict(row), Control) for row in rows]
