"""A person's no: to a proposal (denied), or to what would act without asking (vetoed); it lasts the episode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from actor import notify
from actor.journal import incidents, words
from actor.model import Word
from actor.person import UNKNOWN, how_it_is, no, yes

if TYPE_CHECKING:
    from actor.model import Incident
    from actor.person import Reply, Spoken
    from actor.world import World


def refuse(world: World, spoken: Spoken, outcome: Literal["denied", "vetoed"]) -> Reply:
    """Say no, also after a yes that has not begun; a second no changes nothing. Raises JournalError."""
    now, why = world.clock.now(), spoken.told(outcome)
    with world.journal.transaction() as db:
        incident = incidents.find(world.journal, spoken.incident_id)
        if incident is None:
            return UNKNOWN
        if incident.outcome == outcome and incident.episode_ended_at is None:
            return yes(f"nothing changed: {how_it_is(incident)}")
        obstacle = _obstacle(world, incident, outcome)
        if obstacle is not None:
            return no(obstacle)
        words.say(db, incident.id, Word(word=outcome, author=spoken.author, said_at=now, reason=spoken.reason))
        words.withdraw_approval(db, incident.id)
        incidents.settle(db, incident, outcome, why, (now, None))
    notify.tell_outcome(world, incident, outcome, why)
    return yes(f"{why}; it lasts until the problem has gone away")


def _obstacle(world: World, incident: Incident, outcome: str) -> str | None:
    waits = incident.state not in {None, "running"} or incident.outcome in {"refused", "shadowed"}
    if incident.episode_ended_at is not None or not waits:
        return f"there is nothing to say no to: {how_it_is(incident)}"
    asked = incident.state == "proposed" or words.approval_of(world.journal, incident.id, world.clock.now()) is not None
    if outcome == "vetoed" and asked:
        return f"it waits for a person's word: say no with: homeostat deny {incident.id}"
    if outcome == "denied" and not asked:
        return f"it would act without asking: say no with: homeostat veto {incident.id}; {how_it_is(incident)}"
    return None
