"""A person's word in hindsight: an incident was unnecessary, a false positive, or it was necessary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.journal import feedback, incidents, words
from actor.model import Word
from actor.person import UNKNOWN, yes

if TYPE_CHECKING:
    from actor.person import Reply, Spoken
    from actor.world import World
    from homeostat.words import Mark


def mark(world: World, spoken: Spoken, marked: Mark) -> Reply:
    """Mark an incident; the last mark counts, and the same once more changes nothing. Raises JournalError."""
    now = world.clock.now()
    with world.journal.transaction() as db:
        incident = incidents.find(world.journal, spoken.incident_id)
        if incident is None:
            return UNKNOWN
        if not feedback.put(db, incident.id, marked, now):
            return yes(f"nothing changed: it is marked {marked} already")
        words.say(db, incident.id, Word(word=marked, author=spoken.author, said_at=now, reason=spoken.reason))
    counts = "it counts as a false positive" if marked == "unnecessary" else "it counts as no false positive"
    return yes(f"{spoken.told(f'marked {marked}')}; {counts}")
