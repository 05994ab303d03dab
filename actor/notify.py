"""Tells people through Alertmanager what no rule can know: a proposal, an announcement, an outcome."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from homeostat.alertmanager import AlertmanagerError, PostedAlert
from homeostat.clock import rfc3339
from homeostat.words import FAILURES

if TYPE_CHECKING:
    from actor.model import Incident, Plan
    from actor.world import World
    from homeostat.words import Outcome

log = logging.getLogger(__name__)

_OUTCOME_STAYS_SECONDS = 300


def announce(world: World, incident: Incident, acts_at: float, plan: Plan) -> bool:
    """Say before acting what will be done, when, and what of it can be undone; False when nobody could be told, and then nothing may be done."""
    summary = f"{incident.action} will act on {incident.target} at {rfc3339(acts_at)} because of {incident.problem}"
    takes = world.playbooks[incident.action].file.estimate
    no = f"unless you say no before: homeostat veto {incident.id}, or move it: homeostat defer {incident.id} --for 2h"
    description = f"It begins then and takes about {takes}, {no}. {_steps(plan)}"
    return _post(world, incident, ("HomeostatAnnouncement", summary, description), acts_at)


def tell_deferral(world: World, incident: Incident, reason: str, until: float) -> bool:
    """Say until when something waits and why; False when nobody could be told."""
    summary = f"{incident.action} on {incident.target} waits until {rfc3339(until)} because of {incident.problem}"
    description = f"{reason}. Everything is asked again then. Move it on: homeostat defer {incident.id} --for 2h; never: homeostat veto {incident.id}."
    return _post(world, incident, ("HomeostatAnnouncement", summary, description), until)


def tell_withheld(world: World, incident: Incident, reason: str) -> bool:
    """Say that nothing is done about this though something could be; repeated while that holds. False when nobody could be told."""
    summary = f"{incident.action} on {incident.target} is withheld: a person must look at {incident.problem}"
    return _post(world, incident, ("HomeostatWithheld", summary, reason), world.clock.now() + _stays_seconds(world))


def propose(world: World, incident: Incident, plan: Plan) -> bool:
    """Put a plan before a person; repeated while it waits, so that it goes when the proposal does. False when nobody could be told."""
    summary = f"{incident.action} is proposed for {incident.target} because of {incident.problem}"
    description = f"{_steps(plan)} Say yes: homeostat approve {incident.id}; say no: homeostat deny {incident.id}."
    return _post(world, incident, ("HomeostatProposal", summary, description), world.clock.now() + _stays_seconds(world))


def _steps(plan: Plan) -> str:
    steps = "; ".join(command.summary for command in plan.commands) or "nothing to do at this moment"
    return f"The plan: {steps}. Undo: {plan.undo or 'not known'}."


def _stays_seconds(world: World) -> float:
    return max(_OUTCOME_STAYS_SECONDS, 3 * world.config.actor.reconcile)


def tell_outcome(world: World, incident: Incident, outcome: Outcome, reason: str) -> bool:
    """Say after acting what came of it."""
    summary = f"{incident.action} on {incident.target}: {outcome.replace('_', ' ')}"
    return _post(world, incident, ("HomeostatOutcome", summary, reason), world.clock.now() + _OUTCOME_STAYS_SECONDS, outcome)


def _post(world: World, incident: Incident, words: tuple[str, str, str], ends_at: float, outcome: Outcome | None = None) -> bool:
    if incident.is_selftest:
        # It has a report of its own; nobody is to be woken for what is not there.
        return True
    alertname, summary, description = words
    labels = {**incident.labels, "alertname": alertname, "incident": incident.id, "severity": _severity(incident, outcome)}
    if outcome is not None:
        labels["outcome"] = outcome
    alert = PostedAlert(
        labels=labels,
        annotations={"summary": summary, "description": description, "incident_url": f"{world.config.links.console}/api/v1/incidents/{incident.id}"},
        starts_at=rfc3339(world.clock.now()),
        ends_at=rfc3339(ends_at),
    )
    try:
        world.alertmanager.post([alert])
    except AlertmanagerError as error:
        log.warning("%s of incident %s was not posted: %s", alertname, incident.id, error)
        return False
    return True


def _severity(incident: Incident, outcome: Outcome | None) -> str:
    if outcome == "stranded":
        return "critical"
    return "warning" if outcome in FAILURES else incident.severity if outcome is None else "info"
