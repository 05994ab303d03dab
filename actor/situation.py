"""Gathers all that the gates may see, then asks every gate."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING

from actor import gates
from actor.agenda import draw_up
from actor.journal import incidents, ledger, words
from actor.journal.silences import remember
from actor.kinds import Gate
from actor.model import DecisionNow, Silences, Situation, StepFailed, Verdict
from actor.noticed import note_silences
from actor.playbook import FILESYSTEMS
from actor.surroundings import PROBLEM_SERIES, survey
from actor.world import case_of
from homeostat.alertmanager import AlertmanagerError
from homeostat.discovery import discover
from homeostat.prometheus import PrometheusError, selector

if TYPE_CHECKING:
    from actor.agenda import Agenda
    from actor.model import Incident, Plan, Surroundings, UnitState
    from actor.playbook import Playbook
    from actor.world import World
    from homeostat.config import Config
    from homeostat.prometheus import Prometheus

log = logging.getLogger(__name__)

GATES: dict[str, Gate] = dict(sorted(discover(gates, "GATE", Gate).items(), key=lambda item: item[1].order))
# The others speak of this very run by now, or of what it has just prepared.
RECHECKED = ("known", "protected", "confirmation", "stopped", "silenced", "firing", "age", "postponed", "window", "blast-radius", "confidence")
DECISION_SERIES = "target_action:homeostat_decision:ratio"


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What others said of one incident, and the configuration in force when they were asked."""

    config: Config
    silences: Silences | None
    decision_now: DecisionNow | None
    unit_state: UnitState | None
    unprotectable: str | None
    surroundings: Surroundings


def observe(world: World, incident: Incident) -> Situation:
    """Look at the world for one incident: configuration, silences, Prometheus' decision now, history, breakers."""
    return look(world, incident, ask_around(world, incident))


def ask_around(world: World, incident: Incident) -> Asked:
    """Ask Alertmanager, Prometheus and the host; it lasts as long as they take, so nothing may be held meanwhile."""
    config, known = world.config, world.playbooks.get(incident.action)
    world.silences = silences = ask_silences(world)
    unit_state = _unit_state(world, known, incident)
    return Asked(
        config=config,
        silences=silences,
        decision_now=_decision_now(world.prometheus, incident),
        unit_state=unit_state,
        unprotectable=_unprotectable(world, known, incident),
        surroundings=survey(world, known, incident, unit_state),
    )


def look(world: World, incident: Incident, asked: Asked) -> Situation:
    """Put together what was asked and what this process knows by itself, which is read at once."""
    known = world.playbooks.get(incident.action)
    config, acts_on, now = asked.config, known.file.acts_on if known is not None else None, world.clock.now()
    return Situation(
        now=now,
        incident=incident,
        config=config,
        playbook=known,
        service=config.services.get(incident.target) if acts_on == "service" else None,
        filesystem=config.filesystems.get(incident.target) if acts_on in FILESYSTEMS else None,
        stop_reason=world.stop.reason(),
        silences=asked.silences,
        decision_now=asked.decision_now,
        executions=ledger.executions(world.journal, now - ledger.HISTORY_SECONDS),
        breakers=ledger.breakers(world.journal),
        unit_state=asked.unit_state,
        unprotectable=asked.unprotectable,
        shortage=world.journal.shortage(),
        surroundings=asked.surroundings,
        agenda=agenda_of(world),
        approval=words.approval_of(world.journal, incident.id, now),
        words=words.said_of(world.journal, incident.id),
        undoing=world.undoing,
        restarting=frozenset(name for name, playbook in world.playbooks.items() if playbook.file.restarts),
    )


def agenda_of(world: World) -> Agenda:
    """Return all open problems of this host as one plan in order. Raises JournalError."""
    return draw_up(incidents.open_episodes(world.journal), world.playbooks, world.config)


def due(world: World) -> list[Incident]:
    """Return the incidents that are to be looked at now, in the agenda's order. Raises JournalError."""
    waiting = incidents.due(world.journal, world.clock.now())
    return agenda_of(world).in_order(waiting) if len(waiting) > 1 else waiting


def ask_gates(situation: Situation) -> dict[str, Verdict]:
    """Ask every gate, in order. A gate that breaks has answered no."""
    verdicts = {}
    for name, gate in GATES.items():
        try:
            verdicts[name] = gate.ask(situation)
        except Exception as error:
            log.exception("gate %s broke on incident %s", name, situation.incident.id)
            verdicts[name] = Verdict("refuse", f"the gate itself failed: {type(error).__name__}: {error}")
    return verdicts


def deciding(verdicts: dict[str, Verdict]) -> tuple[str, Verdict] | None:
    """Return the first gate, in order, that does not allow, with its verdict; None when all agree."""
    return next(((name, verdict) for name, verdict in verdicts.items() if verdict.answer != "allow"), None)


def recheck(world: World, incident: Incident, plan: Plan) -> tuple[str, Verdict] | None:
    """Ask once more, just before the first effect, what may have changed since every gate agreed, now with the plan at hand."""
    verdicts = ask_gates(dataclasses.replace(observe(world, incident), plan=plan))
    return deciding({name: verdicts[name] for name in RECHECKED})


def ask_silences(world: World) -> Silences | None:
    """Return the silences in force, those too that Alertmanager has lost, or None when it does not answer. Raises JournalError."""
    try:
        told = world.alertmanager.every_silence()
    except AlertmanagerError as error:
        log.warning("silences are unknown: %s", error)
        return None
    now = world.clock.now()
    lost = remember(world.journal, told, now)
    silences = Silences((*(silence for silence in told if silence.status.state == "active"), *lost), now, lost)
    note_silences(world, told, silences)
    return silences


def _decision_now(prometheus: Prometheus, incident: Incident) -> DecisionNow | None:
    labels = incident.key._asdict()
    try:
        samples = prometheus.query(selector(DECISION_SERIES, **labels))
        evaluated = prometheus.query(f"timestamp({selector(DECISION_SERIES, **labels)})")
        # The rules keep a decision for minutes after the exporter has died: only its own fresh series says it still holds.
        asserted = prometheus.query(f"timestamp({selector(PROBLEM_SERIES, **labels)})")
    except PrometheusError as error:
        log.warning("the decision now is unknown: %s", error)
        return None
    if len(samples) != 1 or len(evaluated) != 1 or not asserted:
        return DecisionNow(None, None, None, None)
    found = samples[0].labels
    return DecisionNow(found.get("action"), found.get("decision"), samples[0].value, min(evaluated[0].value, asserted[0].value))


def _unit_state(world: World, known: Playbook | None, incident: Incident) -> UnitState | None:
    if known is None or known.file.acts_on != "service" or incident.target not in world.config.services:
        return None
    try:
        return world.hands.show(case_of(world, known, incident.target, incident.id))
    except StepFailed as failure:
        log.warning("the state of a unit is unknown: %s", failure)
        return None


def _unprotectable(world: World, known: Playbook | None, incident: Incident) -> str | None:
    if known is None:
        return "the playbook is unknown"
    try:
        case = case_of(world, known, incident.target, incident.id)
    except KeyError:
        return "the target is unknown"
    return obstacle_to(known, world.hands.obstacle(case, known))


def obstacle_to(known: Playbook, obstacle: str | None) -> str | None:
    """Return why the playbook may not run for want of protection; None where it is given or doing without is declared."""
    return None if known.file.unprotected_feasibility is not None else obstacle
