"""What must hold once the power is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.journal import incidents, intake
from tests.integration import load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.support import Actor

_MOST_TURNS = 40


def lost(actor: Actor, acknowledged: Iterable[str]) -> set[str]:
    """Return what was acknowledged and is not there."""
    stored = load.names([row["body"] for row in actor.journal.rows("SELECT body FROM deliveries")])
    assert len(stored) == len(set(stored)), "one delivery is there twice"
    return set(acknowledged) - set(stored)


def is_whole(actor: Actor) -> None:
    """See that the journal's file is in order."""
    assert [tuple(row) for row in actor.journal.rows("PRAGMA integrity_check")] == [("ok",)]
    assert actor.journal.rows("PRAGMA foreign_key_check") == []


def finishes(actor: Actor) -> None:
    """See recovery through: nothing runs any more, and every alert has its one decision."""
    for _ in range(_MOST_TURNS):
        actor.turn()
        if not incidents.running(actor.journal) and not intake.pending(actor.journal):
            break
    assert incidents.running(actor.journal) == []
    assert intake.pending(actor.journal) == 0
    assert actor.journal.rows("SELECT * FROM executions WHERE ended_at IS NULL") == []
    counted = actor.total("homeostat_alerts_decided_total"), actor.total("homeostat_alerts_received_total")
    assert counted == (actor.journal.rows("SELECT count(*) FROM alerts")[0][0],) * 2
