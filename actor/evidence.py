"""What speaks for a playbook that answers only under a condition: looked into and attached to the incident before a person is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actor.journal import incidents
from actor.model import StepFailed
from actor.playbook import STEPS
from actor.world import case_of

if TYPE_CHECKING:
    from actor.model import Incident
    from actor.playbook import Playbook
    from actor.world import World

# A phase of the incident by the name of the step that looks.
PHASE = "investigate"


def attach(world: World, incident: Incident, playbook: Playbook) -> None:
    """Attach a report to an incident that has none, where its playbook has a condition; without an answer, why there is none. Raises JournalError."""
    if playbook.file.only_where is None:
        return
    case = case_of(world, playbook, incident.target, incident.id)
    if case.annals.reports():
        return
    phase_id = incidents.intend(world.journal, incident.id, PHASE, None, world.clock.now())
    step, report, failure = STEPS[PHASE], None, None
    options = step.options()
    try:
        (command,) = step.plan(step.gather(case, options), options)
        report = step.perform(case, command)
    except StepFailed as fault:
        failure = str(fault)
    with world.journal.transaction() as db:
        incidents.conclude(db, phase_id, report, failure, world.clock.now())
