"""The silences that Alertmanager has told of: one that it loses before its end, as when it is killed, is a person's word all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from homeostat.alertmanager import Silence
from homeostat.clock import unix_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actor.journal import Journal


def remember(journal: Journal, told: Sequence[Silence], now: float) -> tuple[Silence, ...]:
    """Keep those told of that are not over, and return those in force that were kept before and that nobody tells of any more.

    Alertmanager keeps a silence that was ended early for days, as expired: what is missing was lost. `now` is Unix seconds.

    Raises:
        JournalError: what is new cannot be written down, so it might be forgotten.

    """
    kept = {row["id"]: row["silence"] for row in journal.rows("SELECT id, silence FROM silences")}
    lasting = {silence.id: msgspec.json.encode(silence).decode() for silence in told if silence.status.state != "expired"}
    told_ids = {silence.id for silence in told}
    lost = {known: msgspec.json.decode(text, type=Silence) for known, text in kept.items() if known not in told_ids}
    over = [known for known in kept if known in told_ids - lasting.keys() or (known in lost and unix_time(lost[known].ends_at) <= now)]
    new = [(known, text) for known, text in lasting.items() if kept.get(known) != text]
    if over or new:
        with journal.transaction() as db:
            db.executemany("DELETE FROM silences WHERE id = ?", [(known,) for known in over])
            db.executemany("INSERT OR REPLACE INTO silences (id, silence) VALUES (?, ?)", new)
    return tuple(silence for known, silence in lost.items() if known not in over and unix_time(silence.starts_at) <= now)


def forget(journal: Journal, told: Sequence[Silence]) -> int:
    """Forget, by a person's word, every silence that Alertmanager does not tell of; return how many there were. Raises JournalError."""
    told_ids = {silence.id for silence in told}
    lost = [(row["id"],) for row in journal.rows("SELECT id FROM silences") if row["id"] not in told_ids]
    if lost:
        with journal.transaction() as db:
            db.executemany("DELETE FROM silences WHERE id = ?", lost)
    return len(lost)
