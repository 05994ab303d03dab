"""A person asks for another try in an episode whose action ran, expired, or met a person's no: it becomes a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.journal import incidents, words
from actor.model import Word
from actor.person import AGAIN_AFTER, UNKNOWN, how_it_is, no, yes

if TYPE_CHECKING:
    from actor.person import Reply, Spoken
    from actor.world import World


def ask_again(world: World, spoken: Spoken) -> Reply:
    """Have it planned anew and proposed; only a yes to that plan runs it. Raises JournalError."""
    now = world.clock.now()
    with world.journal.transaction() as db:
        incident = incidents.find(world.journal, spoken.incident_id)
        if incident is None:
            return UNKNOWN
        if incident.episode_ended_at is None and incident.state in {"accepted", "proposed"} and _was_asked(world, incident.id):
            return yes(f"it was asked for already: {how_it_is(incident)}")
        if incident.episode_ended_at is not None or incident.outcome not in AGAIN_AFTER:
            return no(f"there is nothing to try again: {how_it_is(incident)}")
        words.say(db, incident.id, Word(word="again", author=spoken.author, said_at=now, reason=spoken.reason))
        words.withdraw_approval(db, incident.id)
        incidents.move(db, incident, "accepted", spoken.told("another try asked for"), now)
    return yes(f"it is planned anew and proposed; then say yes: homeostat approve {incident.id}")


def _was_asked(world: World, incident_id: str) -> bool:
    return any(word.word == "again" for word in words.said_of(world.journal, incident_id))
