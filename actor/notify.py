"""Tells people through Alertmanager what no rule can know: a proposal, an announcement, an outcome; each with the page where they answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from actor.feasibility import known_ratios
from actor.journal import incidents, ledger, undo_records
from actor.learn import decayed, record_with_import, success_ratio
from actor.model import Command
from homeostat.alertmanager import AlertmanagerError, PostedAlert
from homeostat.clock import rfc3339
from homeostat.config import Duration
from homeostat.explanation.deeds import reported
from homeostat.words import EXECUTED, FAILURES, LOSSES

if TYPE_CHECKING:
    from actor.model import Incident, Plan
    from actor.world import World
    from homeostat.alertmanager import Alert
    from homeostat.words import Outcome, State

log = logging.getLogger(__name__)

_OUTCOME_STAYS_SECONDS = 300
_MOST_COMMANDS = 10
_MOST_REPORTED = 12


def announce(world: World, incident: Incident, acts_at: float, plan: Plan) -> bool:
    """Say before acting what will be done, when, and what of it can be undone; False when nobody could be told, and then nothing may be done."""
    summary = f"{incident.action} will act on {incident.target} at {rfc3339(acts_at)} because of {incident.problem}"
    grace = Duration(max(0, round(acts_at - world.clock.now())))
    takes = world.playbooks[incident.action].file.estimate
    description = (
        f"It begins in {grace}, at {rfc3339(acts_at)}, and takes about {takes}, unless you say no before.\n"
        f"{_steps(plan)}\n"
        f"Say no, or move it: {page(world, incident.id)}\n"
        f"Or in a terminal: homeostat veto {incident.id}; homeostat defer {incident.id} --for 2h."
    )
    return _post(world, incident, ("HomeostatAnnouncement", summary, description), acts_at, state="announced")


def tell_deferral(world: World, incident: Incident, reason: str, until: float) -> bool:
    """Say until when something waits and why; False when nobody could be told."""
    summary = f"{incident.action} on {incident.target} waits until {rfc3339(until)} because of {incident.problem}"
    description = (
        f"{reason}. Everything is asked again then, and it may begin.\n"
        f"Say no, or move it on: {page(world, incident.id)}\n"
        f"Or in a terminal: homeostat veto {incident.id}; homeostat defer {incident.id} --for 2h."
    )
    # Alertmanager tells nothing new of an alert that it has told of: who heard that it waits must hear that it begins.
    return _post(world, incident, ("HomeostatAnnouncement", summary, description), until, state="deferred")


def tell_withheld(world: World, incident: Incident, reason: str) -> bool:
    """Say that nothing is done about this though something could be; repeated while that holds. False when nobody could be told."""
    summary = f"{incident.action} on {incident.target} is withheld: a person must look at {incident.problem}"
    description = f"{reason}\nWhat is known of it: {page(world, incident.id)}, or: homeostat why {incident.id}."
    return _post(world, incident, ("HomeostatWithheld", summary, description), world.clock.now() + _stays_seconds(world))


def propose(world: World, incident: Incident, plan: Plan, expires_at: float) -> bool:
    """Put a plan before a person; repeated while it waits, so that it goes when the proposal does. False when nobody could be told."""
    summary = f"{incident.action} is proposed for {incident.target} because of {incident.problem}"
    report = "".join(f"{line}\n" for line in _report(world, incident))
    description = (
        f"{_steps(plan)}\n"
        f"{report}"
        f"Its risk is {plan.risk}, and it takes about {Duration(round(plan.duration_seconds))}. {_confidence(world, incident)}\n"
        f"Nothing is done unless you say yes; it expires at {rfc3339(expires_at)}.\n"
        f"Say yes or no: {page(world, incident.id)}\n"
        f"Or in a terminal: homeostat approve {incident.id}; homeostat deny {incident.id}."
    )
    return _post(world, incident, ("HomeostatProposal", summary, description), world.clock.now() + _stays_seconds(world))


def tell_outcome(world: World, incident: Incident, outcome: Outcome, reason: str) -> bool:
    """Say after acting what came of it, what was done, and how to undo it; False when nobody could be told."""
    summary = f"{incident.action} on {incident.target}: {outcome.replace('_', ' ')}"
    lines = [reason if reason.endswith(".") else f"{reason}."]
    if outcome in EXECUTED:
        lines += [*_report(world, incident), _done(world, incident), _left(world, incident), _undo(world, incident)]
    if outcome == "stranded":
        lines.append("What it changed could not all be put back: look at it yourself.")
    lines.append(f"The whole story: {page(world, incident.id)}, or: homeostat why {incident.id}.")
    ends_at = world.clock.now() + _OUTCOME_STAYS_SECONDS
    return _post(world, incident, ("HomeostatOutcome", summary, "\n".join(filter(None, lines))), ends_at, outcome=outcome)


def take_back(world: World, alert: Alert) -> bool:
    """End now an alert of ours whose end was to come later; False when Alertmanager did not take it."""
    return send(world, PostedAlert(alert.labels, alert.annotations, alert.starts_at, rfc3339(world.clock.now())))


def page(world: World, incident_id: str) -> str:
    """Return the address of the console's page on an incident; opening it changes nothing."""
    return f"{world.config.links.console.rstrip('/')}/incidents/{incident_id}"


def links(world: World, alertname: str) -> dict[str, str]:
    """Return the annotations that lead from an alert to its runbook and to the dashboard."""
    return {"runbook_url": f"{world.config.links.runbooks.rstrip('/')}/{alertname}.md", "dashboard_url": world.config.links.dashboard}


def send(world: World, alert: PostedAlert) -> bool:
    """Hand an alert of ours to Alertmanager; False when it did not take it, which is logged."""
    try:
        world.alertmanager.post([alert])
    except AlertmanagerError as error:
        log.warning("%s %s was not posted: %s", alert.labels["alertname"], alert.labels.get("incident", ""), error)
        return False
    return True


def _steps(plan: Plan) -> str:
    steps = "; ".join(command.summary for command in plan.commands) or "nothing to do at this moment"
    return f"The plan: {steps}. Undo: {plan.undo or 'not known'}."


def _confidence(world: World, incident: Incident) -> str:
    """Say how sure the decision is, and what the actor's own terms of that are; the rest is the exporter's prediction."""
    if incident.confidence is None:
        return "How sure the decision is is not known."
    sure, playbook = f"Its confidence is {incident.confidence:.3g}", world.playbooks.get(incident.action)
    if playbook is None:
        return f"{sure}."
    successes, trials = record_with_import(world.journal, world.config, playbook)
    feasible, offset = known_ratios(world).get(playbook.name), ledger.offset_of(world.journal, playbook.name)
    terms = [
        f"past success {success_ratio(successes, trials):.2f} ({successes} of {trials} runs)",
        f"certainty of its effect {playbook.file.impact_certainty:.2f}",
        f"undo {'not known' if feasible is None else format(feasible, '.2f')}",
        f"learned {decayed(offset, world.clock.now()):+.2f}",
    ]
    return f"{sure}, made of the prediction and of: {', '.join(terms)}."


def _done(world: World, incident: Incident) -> str:
    """Say what was done in the last run, which begins with its baseline."""
    phases = incidents.phases_of(world.journal, incident.id)
    runs = [number for number, phase in enumerate(phases) if phase["phase"] == "baseline"]
    begun = [msgspec.convert(phase["intent"], Command).summary for phase in phases[runs[-1] if runs else 0 :] if phase["phase"] == "execute"]
    if not begun:
        return "Nothing was done."
    more = f"; and {len(begun) - _MOST_COMMANDS} more" if len(begun) > _MOST_COMMANDS else ""
    return f"Done: {'; '.join(begun[:_MOST_COMMANDS])}{more}."


def _left(world: World, incident: Incident) -> str:
    """Say what the plan of the last run left as it is, and why."""
    plans = [phase["result"] for phase in incidents.phases_of(world.journal, incident.id) if phase["phase"] == "plan" and phase["result"] is not None]
    left = plans[-1]["left"] if plans else ()
    return f"Left as it is: {'; '.join(left)}." if left else ""


def _report(world: World, incident: Incident) -> list[str]:
    """Return what was found out, the most telling first."""
    found = reported(incidents.phases_of(world.journal, incident.id))
    more = [f"and {len(found) - _MOST_REPORTED} lines more"] if len(found) > _MOST_REPORTED else []
    return [f"- {line}" for line in (*found[:_MOST_REPORTED], *more)]


def _undo(world: World, incident: Incident) -> str:
    record = undo_records.last(world.journal, incident.id)
    if record is None or record.pruned_at is not None or record.undone_at is not None:
        return ""
    if record.protection == "none":
        playbook = world.playbooks.get(record.action)
        loss = playbook.file.loss if playbook is not None else None
        return f"It cannot be undone{f': {LOSSES[loss]}' if loss is not None else ''}."
    return f"Undo it until {rfc3339(record.expires_at)}: homeostat undo {incident.id}."


def _stays_seconds(world: World) -> float:
    return max(_OUTCOME_STAYS_SECONDS, 3 * world.config.actor.reconcile)


def _post(world: World, incident: Incident, words: tuple[str, str, str], ends_at: float, **said: Outcome | State) -> bool:
    if incident.is_selftest:
        # It has a report of its own; nobody is to be woken for what is not there.
        return True
    alertname, summary, description = words
    labels = {**incident.labels, "alertname": alertname, "incident": incident.id, "severity": _severity(incident, said.get("outcome")), **said}
    annotations = {"summary": summary, "description": description, "incident_url": page(world, incident.id), **links(world, alertname)}
    return send(world, PostedAlert(labels, annotations, rfc3339(world.clock.now()), rfc3339(ends_at)))


def _severity(incident: Incident, outcome: str | None) -> str:
    if outcome == "stranded":
        return "critical"
    return "warning" if outcome in FAILURES else incident.severity if outcome is None else "info"
