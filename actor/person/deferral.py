"""A person moves a deferral or an announcement: later, or now; what every gate says then is theirs to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor import notify
from actor.journal import incidents, words
from actor.model import Word
from actor.person import UNKNOWN, how_it_is, no, yes
from homeostat.clock import rfc3339

if TYPE_CHECKING:
    from actor.model import Incident
    from actor.person import Reply, Spoken
    from actor.world import World


def defer(world: World, spoken: Spoken, until: float | None) -> Reply:
    """Move it to a later Unix time, or (None) have everything asked now. Raises JournalError."""
    now = world.clock.now()
    moved_to = now if until is None else until
    why = spoken.told(f"moved to {rfc3339(moved_to)}")
    with world.journal.transaction() as db:
        incident = incidents.find(world.journal, spoken.incident_id)
        if incident is None:
            return UNKNOWN
        obstacle = _obstacle(incident, until, now)
        if obstacle is not None or incident.state is None:
            return no(obstacle or how_it_is(incident))
        words.say(db, incident.id, Word(word="deferred", author=spoken.author, said_at=now, until=moved_to, reason=spoken.reason))
        if until is not None:
            incidents.told_deferral(db, incident.id, "postponed")
            if incident.announced_at is not None:
                incidents.announced(db, incident.id, until)
        incidents.move(db, incident, incident.state, why, moved_to)
    if until is not None:
        notify.tell_deferral(world, incident, why, until)
    return yes(f"{why}; every gate is asked then")


def _obstacle(incident: Incident, until: float | None, now: float) -> str | None:
    if incident.episode_ended_at is not None or incident.state not in {"deferred", "announced"}:
        return f"there is nothing to move: {how_it_is(incident)}"
    if until is None:
        return None
    if until <= now:
        return f"{rfc3339(until)} is over; say now to have everything asked now"
    # Earlier would promise what the gate that said no will not give.
    if incident.wake_at is not None and until < incident.wake_at:
        return f"it waits until {rfc3339(incident.wake_at)} anyway, so only a later time or now: {how_it_is(incident)}"
    return None
