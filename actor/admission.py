"""Who may act: every gate is asked and recorded, and the budget is taken only when all of them agree."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from typing import TYPE_CHECKING

import msgspec

from actor import evidence, notify
from actor.journal import incidents, ledger, verdicts, words
from actor.learn import note_return, take_probes
from actor.model import StepFailed, Verdict
from actor.planning import add_up
from actor.situation import ask_around, ask_gates, deciding, look, observe
from actor.timekeeper import follow_clock
from actor.work import Work
from actor.world import World, case_of
from homeostat.amounts import amount
from homeostat.config.section import MINUTE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from actor.model import Incident, Plan, Situation
    from actor.playbook import Playbook
    from homeostat.words import Outcome

    Planned = tuple[Plan, str | None]

log = logging.getLogger(__name__)

_ASK_AGAIN_SECONDS = 60
_WORTH_TELLING_SECONDS = 60
_STILL_ANNOUNCED_SECONDS = 10 * MINUTE


def admit(world: World, incident_id: str) -> Work | None:
    """Ask every gate and take the budget, one incident at a time; None when it was decided otherwise, which is recorded.

    Nothing is held while others are asked or told: neither a stop nor another incident waits for a Prometheus that is slow.
    """
    with world.admission:
        follow_clock(world)
        incident = _due(world, incident_id)
    if incident is None:
        return None
    asked, planned = ask_around(world, incident), _planned(world, incident)
    with world.admission:
        follow_clock(world)
        if asked.config is not world.config:
            return None
        note_return(world.journal, world.config, incident, (asked.decision_now, world.clock.now()))
        moment = _Moment(look(world, incident, asked), {}, world.clock_seen)
        moment.verdicts.update(ask_gates(moment.situation))
        if moment.situation.approval is not None and moment.situation.playbook is not None and planned is None:
            # The yes came while others were asked.
            return None
        plan, no = _approved(moment.situation, planned, deciding(moment.verdicts))
        if no is None and (plan is not None or incident.decision != "notify-execute" or _is_announced(incident, moment.situation.now)):
            return _begin(world, moment, plan)
    if no is None:
        _announce(world, moment)
    else:
        moment.verdicts.update([no])
        _decline(world, moment, no)
    return None


def take_back(world: World, incident: Incident, no: tuple[str, Verdict]) -> None:
    """Decide a running incident as a gate's no says, and give its budget back: it had no effect. Raises JournalError."""
    gate, verdict = no
    _decline(world, _Moment(observe(world, incident), {gate: verdict}, world.clock_seen), no)


def _is_announced(incident: Incident, now: float) -> bool:
    """Say whether people were told that it begins about now: who was told of an earlier time takes it for done, and is told anew."""
    return incident.announced_at is not None and now <= incident.announced_at + _STILL_ANNOUNCED_SECONDS


@dataclasses.dataclass(frozen=True, slots=True)
class _Moment:
    """What every gate said of a situation, and the clock by which its times are."""

    situation: Situation
    verdicts: dict[str, Verdict]
    clock_seen: tuple[float, float] | None


@contextlib.contextmanager
def _recording(world: World, moment: _Moment) -> Iterator[sqlite3.Connection | None]:
    """Record the verdicts in a transaction; None when newer news arrived or the clock was set meanwhile: it is still due then."""
    incident = moment.situation.incident
    with world.admission:
        follow_clock(world)
        with world.journal.transaction() as db:
            if _overtaken(world, incident) or world.clock_seen is not moment.clock_seen:
                yield None
                return
            verdicts.record(db, incident, moment.verdicts, moment.situation.now)
            yield db


def _due(world: World, incident_id: str) -> Incident | None:
    """Return the incident if its gates are to be asked now; what needs no gate is settled here."""
    incident = incidents.find(world.journal, incident_id)
    if incident is None or incident.state == "running" or incident.wake_at is None or incident.wake_at > world.clock.now():
        return None
    if incident.decision == "alert-only":
        _settle(world, incident, "alerted", "confidence asks for a person's eyes only")
        return None
    if incident.state == "proposed":
        _settle(world, incident, "expired", "nobody answered the proposal in time")
        return None
    return incident


def _planned(world: World, incident: Incident) -> Planned | None:
    """Plan what a person has approved as it would be done now; None where nobody has, or no playbook has that name."""
    playbook = world.playbooks.get(incident.action)
    if playbook is None or words.approval_of(world.journal, incident.id, world.clock.now()) is None:
        return None
    return would_do(world, playbook, incident)


def _approved(situation: Situation, planned: Planned | None, no: tuple[str, Verdict] | None) -> tuple[Plan | None, tuple[str, Verdict] | None]:
    """Return the plan that a person approved, if it still is exactly that; else the gate that has it proposed anew, or the `no` there was."""
    approval = situation.approval
    if no is not None or approval is None or planned is None:
        return None, no
    plan, obstacle = planned
    if obstacle is None and incidents.plan_hash(plan) == approval.plan_hash:
        return plan, None
    changed = Verdict("confirm", f"the plan is another than the one that {approval.author} approved", {"plan_hash": approval.plan_hash})
    return None, ("confirmation", changed)


def _begin(world: World, moment: _Moment, approved: Plan | None = None) -> Work | None:
    """Take the budget in the transaction of the verdicts; None when newer news arrived meanwhile."""
    incident, playbook, now = moment.situation.incident, moment.situation.playbook, moment.situation.now
    assert playbook is not None
    with world.journal.transaction() as db:
        if _overtaken(world, incident) or not (playbook.only_reads or take_probes(db, world.journal, incident, now)):
            return None
        verdicts.record(db, incident, moment.verdicts, now)
        ledger.begin(db, incident, playbook, now)
        for reached in sorted(moment.situation.surroundings.dependants):
            ledger.begin(db, msgspec.structs.replace(incident, target=reached), playbook, now)
        incidents.move(db, incident, "running", "every gate agreed", None)
    admitted = incidents.find(world.journal, incident.id)
    assert admitted is not None
    return Work(world, admitted, playbook, case_of(world, playbook, incident.target, incident.id), approved)


def _overtaken(world: World, incident: Incident) -> bool:
    """Say whether newer news arrived while the gates were asked; then nothing is written, for the incident is still due."""
    current = incidents.find(world.journal, incident.id)
    return current is None or _news(current) != _news(incident)


def _news(incident: Incident) -> tuple[object, ...]:
    return incident.action, incident.risk, incident.decision, incident.state, incident.outcome, incident.wake_at, incident.episode_ended_at


def _decline(world: World, moment: _Moment, no: tuple[str, Verdict]) -> None:
    gate, verdict = no
    situation = moment.situation
    incident, now, reason = situation.incident, situation.now, f"{gate}: {verdict.reason}"
    plan: Plan | None = None
    if verdict.answer in {"confirm", "shadow"} and situation.playbook is not None:
        plan, obstacle = would_do(world, situation.playbook, incident)
        reason = f"{reason}; {obstacle}" if obstacle else reason
        evidence.attach(world, incident, situation.playbook)
    expires_at = now + world.config.autonomy.proposal_expiry
    with _recording(world, moment) as db:
        if db is None:
            return
        if incident.state == "running":
            ledger.withdraw(db, incident)
        if verdict.answer == "defer":
            incidents.move(db, incident, "deferred", reason, now + _ASK_AGAIN_SECONDS if verdict.until is None else verdict.until)
        elif verdict.answer == "confirm" and plan is not None:
            incidents.propose(db, incident, plan, (now, expires_at))
            incidents.move(db, incident, "proposed", reason, expires_at)
        elif verdict.answer == "shadow" and plan is not None:
            incidents.announced(db, incident.id, None)
            incidents.settle(db, incident, "shadowed", f"{reason}; it would: {in_words(plan)}{f'; {plan.undo}' if plan.commands else ''}", (now, None))
        else:
            # Who was told of a deed ten minutes ahead was not told of one after a refusal that lasted: they are told again.
            incidents.announced(db, incident.id, None)
            incidents.settle(db, incident, "refused", reason, (now, now + _ASK_AGAIN_SECONDS))
    if reason != incident.reason:
        log.info("incident %s %s %s on %s: %s: %s", incident.id, incident.problem, incident.action, incident.target, verdict.answer, reason)
    _tell_no(world, moment, no, plan)


def _tell_no(world: World, moment: _Moment, no: tuple[str, Verdict], plan: Plan | None) -> None:
    """Tell people what they must answer, what waits, and what is theirs alone."""
    incident, answer = moment.situation.incident, no[1].answer
    if answer == "confirm" and plan is not None:
        notify.propose(world, incident, plan, moment.situation.now + world.config.autonomy.proposal_expiry)
    elif answer == "defer":
        _tell_deferral(world, incident, no)
    for verdict in moment.verdicts.values():
        if verdict.tell:
            notify.tell_withheld(world, incident, verdict.reason)


def _tell_deferral(world: World, incident: Incident, no: tuple[str, Verdict]) -> None:
    """Tell people once of each gate that defers for longer than a moment: who asks again every few minutes tells nothing new."""
    gate, verdict = no
    if verdict.until is None or verdict.until - world.clock.now() < _WORTH_TELLING_SECONDS or incident.told_gate == gate:
        return
    if notify.tell_deferral(world, incident, f"{gate}: {verdict.reason}", verdict.until):
        with world.journal.transaction() as db:
            incidents.told_deferral(db, incident.id, gate)
            if incident.announced_at is not None:
                incidents.announced(db, incident.id, verdict.until)


def would_do(world: World, playbook: Playbook, incident: Incident) -> Planned:
    """Plan without acting; a plan that cannot be made is empty, and the reason stands beside it."""
    try:
        return world.hands.plan(case_of(world, playbook, incident.target, incident.id), playbook), None
    except (StepFailed, KeyError, OSError) as failure:
        return add_up(playbook, incident.target, ()), f"no plan can be made: {failure}"


def in_words(plan: Plan) -> str:
    """Return what a plan does, in one line, of its slices the first, and what it leaves."""
    slices = max((command.slice for command in plan.commands), default=0)
    told = [command.summary for command in plan.commands if command.slice <= 1] or ["nothing, as no step of it finds anything to do"]
    if slices > 1 and plan.target_bytes is not None:
        told.append(f"and so on in at most {slices} slices until {amount(plan.target_bytes, 'bytes')} are free")
    return "; ".join((*told, *plan.left))


def _announce(world: World, moment: _Moment) -> None:
    incident, now = moment.situation.incident, moment.situation.now
    acts_at = now + world.config.autonomy.grace
    plan, _ = would_do(world, world.playbooks[incident.action], incident)
    told = notify.announce(world, incident, acts_at, plan)
    with _recording(world, moment) as db:
        if db is None:
            return
        if told:
            incidents.announced(db, incident.id, acts_at)
            incidents.told_deferral(db, incident.id, None)
            incidents.move(db, incident, "announced", f"announced; acts after a grace of {world.config.autonomy.grace}", acts_at)
        else:
            incidents.move(db, incident, "deferred", "nobody could be told before", now + _ASK_AGAIN_SECONDS)


def _settle(world: World, incident: Incident, outcome: Outcome, reason: str) -> None:
    with world.journal.transaction() as db:
        if _overtaken(world, incident):
            return
        incidents.settle(db, incident, outcome, reason, (world.clock.now(), None))
    log.info("incident %s %s: %s: %s", incident.id, incident.problem, outcome, reason)
