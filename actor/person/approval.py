"""A person's yes to exactly one plan: durable, expiring, and asked of every gate again before anything runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from actor.admission import in_words, would_do
from actor.journal import incidents, words
from actor.model import Approval, Word
from actor.person import UNKNOWN, how_it_is, no, yes
from actor.situation import ask_gates, deciding, observe
from homeostat.clock import rfc3339

if TYPE_CHECKING:
    import sqlite3

    from actor.model import Incident, Plan
    from actor.person import Reply, Spoken
    from actor.world import World

# What no waiting mends: a yes to it would only lie about until it expires.
_HOPELESS = ("known", "protected", "firing", "age")


def approve(world: World, spoken: Spoken, plan_hash: str) -> Reply:
    """Say yes to the proposal whose plan has that hash; a second yes to it changes nothing. Raises JournalError."""
    incident = incidents.find(world.journal, spoken.incident_id)
    if incident is None:
        return UNKNOWN
    answer = _nothing_to_approve(world, incident, plan_hash) or _comes_to_nothing(world, incident)
    if answer is not None:
        return answer
    approval = Approval(author=spoken.author, approved_at=world.clock.now(), plan_hash=plan_hash)
    gate, held = _what_holds_it(world, incident, approval)
    if gate in _HOPELESS:
        return no(f"not approved: {held}")
    plan, obstacle = would_do(world, world.playbooks[incident.action], incident)
    if obstacle is not None or not plan.commands:
        return no(f"not approved: {obstacle or 'there is nothing to do at this moment'}")
    with world.journal.transaction() as db:
        current = incidents.find(world.journal, incident.id)
        assert current is not None
        # Somebody else may have answered while the gates were asked.
        answer = _nothing_to_approve(world, current, plan_hash)
        return answer or _take(world, db, (current, plan), (spoken, approval), held)


def _take(world: World, db: sqlite3.Connection, about: tuple[Incident, Plan], said: tuple[Spoken, Approval], held: str) -> Reply:
    (incident, plan), (spoken, approval) = about, said
    now = approval.approved_at
    if incidents.plan_hash(plan) != approval.plan_hash:
        expires_at = now + world.config.autonomy.proposal_expiry
        incidents.propose(db, incident, plan, (now, expires_at))
        incidents.move(db, incident, "proposed", incident.reason, expires_at)
        return no(f"the plan changed since it was proposed; this is proposed now, look at it and approve that: {in_words(plan)}")
    words.approve(db, incident.id, spoken.author, now)
    words.say(db, incident.id, Word(word="approved", author=spoken.author, said_at=now, reason=spoken.reason))
    incidents.move(db, incident, "accepted", spoken.told("approved"), now)
    return yes(f"approved; it waits, for {held}" if held else "approved; every gate agrees, so it begins")


def _nothing_to_approve(world: World, incident: Incident, plan_hash: str) -> Reply | None:
    """Return why this cannot be approved, or that it is already; None when it may be."""
    proposal = incidents.proposal_of(world.journal, incident.id)
    if incident.episode_ended_at is None and proposal is not None and proposal["approved_by"] is not None:
        same = proposal["plan_hash"] == plan_hash
        return (yes if same else no)(f"{'this plan' if same else 'another plan'} is approved already by {proposal['approved_by']}; {how_it_is(incident)}")
    if incident.state != "proposed" or proposal is None:
        return no(f"there is nothing to approve: {how_it_is(incident)}")
    if proposal["plan_hash"] != plan_hash:
        return no("the plan is another than the one you saw: look at it again with: homeostat proposals")
    return None


def _comes_to_nothing(world: World, incident: Incident) -> Reply | None:
    """Return why a yes would come too late or to nothing."""
    now = world.clock.now()
    if incident.wake_at is not None and incident.wake_at <= now:
        return no(f"the proposal expired at {rfc3339(incident.wake_at)}")
    if world.config.autonomy.mode == "shadow":
        return no("mode is shadow, in which nothing is acted on: set autonomy.mode first")
    return None


def _what_holds_it(world: World, incident: Incident, approval: Approval) -> tuple[str, str]:
    """Ask every gate as if it were approved: the first that says no, one that no waiting mends before all others; empty when all agree."""
    verdicts = ask_gates(dataclasses.replace(observe(world, incident), approval=approval))
    hopeless = next(((name, verdicts[name]) for name in _HOPELESS if verdicts[name].answer != "allow"), None)
    gate, verdict = hopeless or deciding(verdicts) or ("", None)
    return gate, f"{gate}: {verdict.reason}" if verdict is not None else ""
