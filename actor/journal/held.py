"""Which silences and stops are noted among what people said: each once when it begins and once when it is over, whoever made it, wherever."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from actor.journal import controls

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Mapping

    from actor.journal import Journal
    from actor.journal.controls import Control

    # What is to be said of what is over, or nothing: its source, its scope, and until when (Unix seconds) it was meant to last, if that was said.
    Farewell = Callable[[str, str, float | None], Control | None]


class Seen(NamedTuple):
    """One look at all of a kind, by their sources: those that hold something here, those that are not over, and all that are told of."""

    holding: Mapping[str, Control]
    there: Collection[str]
    told: Collection[str]


def follow(journal: Journal, kind: str, seen: Seen, farewell: Farewell) -> None:
    """Note what of a `kind` began since the last look and what is over, by `farewell`, unless a person's word said that already.

    What is over is known for as long as it is told of: an older answer that comes late begins it no second time.

    Raises:
        JournalError: nothing was noted; it is at the next look.

    """
    known = {row["source"]: row for row in journal.rows("SELECT * FROM held WHERE substr(source, 1, ?) = ?", len(kind) + 1, f"{kind} ")}
    begun = {source: control for source, control in seen.holding.items() if source not in known}
    moved = [(control.until, source) for source, control in seen.holding.items() if source in known and known[source]["until"] != control.until]
    over = [row for source, row in known.items() if source not in seen.there and not row["over"]]
    forgotten = [(source,) for source in known if source not in seen.told]
    if begun or moved or over or forgotten:
        with journal.transaction() as db:
            for row in over:
                said = farewell(row["source"], row["scope"], row["until"])
                # Several look at once, and each may have seen it hold until now.
                if db.execute("UPDATE held SET over = 1 WHERE source = ? AND over = 0", (row["source"],)).rowcount and said is not None:
                    controls.say(db, said)
            # One that takes the place of another, as where a silence is edited, is said after it: the last word is what is so now.
            for source, control in begun.items():
                begin(db, source, control)
            db.executemany("UPDATE held SET until = ? WHERE source = ?", moved)
            db.executemany("DELETE FROM held WHERE source = ?", forgotten)


def begin(db: sqlite3.Connection, source: str, control: Control) -> None:
    """Note that something holds, once, whoever sees it first."""
    new = db.execute(
        "INSERT INTO held (source, scope, until, over) VALUES (?, ?, ?, 0) ON CONFLICT (source) DO UPDATE SET over = 0 WHERE over = 1",
        (source, control.scope, control.until),
    )
    if new.rowcount:
        controls.say(db, control)


def settle(db: sqlite3.Connection, sources: Iterable[str]) -> None:
    """Note that a person ends these, who says so by a word of their own: that they are over is nothing to be noted besides."""
    db.executemany(
        "INSERT INTO held (source, scope, until, over) VALUES (?, '', NULL, 1) ON CONFLICT (source) DO UPDATE SET over = 1", [(source,) for source in sources]
    )


def unsettle(db: sqlite3.Connection, sources: Iterable[str]) -> None:
    """Note that these hold still, though a person meant to end them."""
    for source in sources:
        db.execute("DELETE FROM held WHERE source = ? AND scope = ''", (source,))
        db.execute("UPDATE held SET over = 0 WHERE source = ?", (source,))
