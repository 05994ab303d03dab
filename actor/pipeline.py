"""The sheet on the wall: gate -> plan -> protect -> execute -> verify -> keep | roll back | strand -> learn -> close."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from actor import notify
from actor.execution import fenced
from actor.journal import JournalError, incidents, ledger, undo_records, verdicts, words
from actor.learn import learn, note_return, take_probes, trip
from actor.model import Command, HandedOver, Incident, StepFailed, Unprotectable, Verdict
from actor.planning import add_up
from actor.reckoning import Reckoning, size_in_words
from actor.situation import ask_around, ask_gates, deciding, look, observe, recheck
from actor.timekeeper import follow_clock
from actor.verify import recovered, still_healthy, take_baseline, verify, with_reckoning
from actor.world import World, case_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from actor.deeds import Record
    from actor.model import Case, Plan, Restored, Situation
    from actor.playbook import Playbook
    from actor.verify import Baseline, Verification
    from homeostat.words import Outcome

log = logging.getLogger(__name__)

T = TypeVar("T")
Ended = tuple["Outcome", str]

_ASK_AGAIN_SECONDS = 60
_WORTH_TELLING_SECONDS = 60
_FINDINGS: dict[str, Outcome] = {"verified": "succeeded", "weak": "warned", "unverifiable": "unverified", "failed": "failed"}


def remediate(world: World, incident_id: str) -> None:
    """Take one incident through the whole flow, as far as its gates let it. Raises JournalError when nothing can be recorded."""
    work = admit(world, incident_id)
    if work is None:
        return
    ended = act(work)
    if ended is not None:
        close(work, ended)


def act(work: Work) -> Ended | None:
    """Plan, protect, execute, verify, then keep or roll back; whatever breaks on the way ends in an outcome.

    None when a gate said no before the first effect: nothing was done, and what becomes of it is recorded.

    Raises:
        HandedOver: the process is ending; the next one recovers what is on its way.
        JournalError: nothing more can be recorded, so nothing more is done.

    """
    record: Record | None = None
    hands = work.world.hands
    try:
        baseline = work.step("baseline", take_baseline, work.world, work.case, work.known, work.incident.key)
        plan = work.step("plan", work.plan)
        if not plan.commands:
            return "failed", f"there was nothing to do: {'; '.join(plan.left) or 'no step found anything within its rules'}"
        record = work.step("protect", hands.protect, work.case, work.known)
        no = work.step("recheck", recheck, work.world, work.incident, plan)
        if no is not None:
            withdraw(work, record, no)
            return None
        reckoning, broke = carry_out(work, plan, baseline)
        record = work.step("seal", hands.seal, work.case, record)
        return conclude(work, record, baseline, reckoning) if broke is None else roll_back(work, record, broke, baseline)
    except (StepFailed, Unprotectable) as failure:
        if work.begun():
            assert record is not None
            return roll_back(work, record, str(failure), baseline)
        stopped = work.world.stop.reason()
        if stopped is not None:
            withdraw(work, record, ("stopped", Verdict("refuse", f"stopped: {stopped}")))
            return None
        let_go(work, record)
        return "failed", str(failure)


def carry_out(work: Work, plan: Plan, baseline: Baseline) -> tuple[Reckoning, str | None]:
    """Do a plan's commands in order until its target is reached; return what they brought, and in words what broke, or None.

    Raises:
        StepFailed: it broke before the first was begun; else as `act`.

    """
    reckoning = Reckoning(target_bytes=plan.target_bytes)
    try:
        for command in plan.commands:
            if command.irreversible:
                work.step("check", still_healthy, work.world, work.case, baseline.health)
            begun = fenced(command)
            reckoning = reckoning.after(work.step("execute", work.world.hands.perform, work.case, begun, intent=begun))
            if reckoning.over:
                break
    except StepFailed as failure:
        if not work.begun():
            raise
        return reckoning, str(failure)
    return reckoning, None


def withdraw(work: Work, record: Record | None, no: tuple[str, Verdict]) -> None:
    """Let go what was prepared, give the budget back, and decide as a gate's no says: nothing was done, so nothing is learned."""
    let_go(work, record)
    gate, verdict = no
    _decline(work.world, _Moment(observe(work.world, work.incident), {gate: verdict}, work.world.clock_seen), no)


def let_go(work: Work, record: Record | None) -> None:
    """Delete what was kept for a run that has begun nothing; what an earlier run of the incident did may still need its own."""
    if record is not None and not incidents.ever_begun(work.world.journal, work.incident.id):
        with contextlib.suppress(StepFailed):
            work.step("withdraw", work.world.hands.withdraw, work.case, record)


def conclude(work: Work, record: Record, baseline: Baseline, reckoning: Reckoning) -> Ended:
    """Verify what was done, then keep it or roll it back. Raises StepFailed when it cannot be verified, and as `act`."""
    if reckoning.mispredicted is not None:
        work.distrust()
    seen = work.step("verify", _look, work, baseline, reckoning)
    if seen.calls_for_rollback:
        return roll_back(work, record, seen.sentence, baseline)
    work.step("keep", work.world.hands.keep, work.case, record)
    return _FINDINGS[seen.finding], seen.sentence


def _look(work: Work, baseline: Baseline, reckoning: Reckoning) -> Verification:
    return with_reckoning(verify(work.world, work.case, work.known, work.incident.key, baseline), reckoning)


def roll_back(work: Work, record: Record, why: str, baseline: Baseline | None) -> Ended:
    """Undo after `why`; an undo that breaks strands the incident, which pages a person. Raises as `act`."""
    try:
        restored = work.step("roll back", work.world.hands.undo, work.case, record)
    except (StepFailed, Unprotectable) as failure:
        return "stranded", f"{why}; and the rollback failed: {failure}"
    return undone(work, restored, why, baseline)


def undone(work: Work, restored: Restored, why: str, baseline: Baseline | None) -> Ended:
    """See whether all that was well before is so again, and return the outcome of an undo after `why`."""
    why = f"{why}{_afterwards(work, baseline)}"
    if restored.conflicts:
        return "rollback_conflict", f"{why}; {restored.restored} put back, left as they are: {', '.join(restored.conflicts[:5])}"
    lasting = work.irreversible_begun()
    if lasting is not None:
        return "rollback_conflict", f"{why}; {restored.restored} put back, but this cannot be undone: {lasting}"
    if restored.restored == 0:
        return "failed", f"{why}; nothing had to be put back"
    return "rolled_back", f"{why}; {restored.restored} put back"


def _afterwards(work: Work, baseline: Baseline | None) -> str:
    """Verify once more after a rollback, and return in words what is not as well as it was before."""
    if baseline is None:
        return ""
    try:
        seen = work.step("verify rollback", recovered, work.world, work.case, work.known, baseline)
    except (StepFailed, Unprotectable) as failure:
        return f"; how it is after the rollback is not known: {failure}"
    return "" if seen.finding == "verified" else f"; after the rollback too: {seen.sentence}"


@dataclasses.dataclass(frozen=True)
class Work:
    """An admitted incident with its playbook and case, and the plan that a person approved, if it took one.

    Without its playbook, which the owner may have taken away meanwhile, it can only be undone.
    """

    world: World
    incident: Incident
    playbook: Playbook | None
    case: Case
    approved: Plan | None = None

    @property
    def known(self) -> Playbook:
        """Its playbook."""
        assert self.playbook is not None
        return self.playbook

    def plan(self) -> Plan:
        """Plan now; what was approved is carried out as it was, for it was found unchanged a moment ago. Raises StepFailed."""
        return self.approved or self.world.hands.plan(self.case, self.known)

    def step(self, phase: str, effect: Callable[..., T], *values: Any, intent: Any = None) -> T:
        """Journal the intent, run the effect, journal its result or failure and the time; a stop is heard before it acts.

        Raises:
            StepFailed: the effect failed, or everything was stopped.
            Unprotectable: the effect could not protect.

        """
        if phase in {"protect", "execute"} and self.case.stopped():
            why = self.world.stop.reason() or f"the deadline of {self.known.file.deadline} is over"
            raise StepFailed(f"stopped before {phase}: {why}")
        phase_id = incidents.intend(self.world.journal, self.incident.id, phase, intent, self.world.clock.now())
        try:
            result = effect(*values)
        except (StepFailed, Unprotectable) as failure:
            self._conclude(phase, phase_id, None, str(failure))
            raise
        except (JournalError, HandedOver):
            raise
        except Exception as error:
            log.exception("incident %s: phase %s broke", self.incident.id, phase)
            self._conclude(phase, phase_id, None, f"broke: {type(error).__name__}: {error}")
            raise StepFailed(f"{phase} broke: {type(error).__name__}: {error}") from error
        self._conclude(phase, phase_id, result, None)
        return result

    def distrust(self) -> None:
        """Open the breaker of the action at its target: it did not do what it predicted."""
        with self.world.journal.transaction() as db:
            trip(db, self.world.journal, self.world.config, self.incident, self.world.clock.now())

    def _conclude(self, phase: str, phase_id: int, result: Any, failure: str | None) -> None:
        """Commit what came of a phase, and with it what an undo will need or has done."""
        now = self.world.clock.now()
        with self.world.journal.transaction() as db:
            incidents.conclude(db, phase_id, result, failure, now)
            if failure is not None:
                return
            if phase == "protect":
                undo_records.make(db, self.incident, result, (now, now + self.world.config.protections.retention))
            elif phase == "seal":
                undo_records.seal(db, self.incident, result, now)
            elif phase == "withdraw":
                undo_records.withdraw(db, self.incident, now)
            elif phase in {"roll back", "undo"}:
                undo_records.undo(db, self.incident, result, now)

    def begun(self) -> tuple[Command, ...]:
        """Return every command that was begun in this run, in order; a run begins with its baseline."""
        phases = incidents.phases_of(self.world.journal, self.incident.id)
        runs = [number for number, phase in enumerate(phases) if phase["phase"] == "baseline"]
        phases = phases[runs[-1] :] if runs else phases
        return tuple(msgspec.convert(phase["intent"], Command) for phase in phases if phase["phase"] == "execute")

    def irreversible_begun(self) -> str | None:
        """Return in words the first irreversible command that was begun, or None."""
        return next((command.summary for command in self.begun() if command.irreversible), None)


def admit(world: World, incident_id: str) -> Work | None:
    """Ask every gate and take the budget, one incident at a time; None when it was decided otherwise, which is recorded.

    Nothing is held while others are asked or told: neither a stop nor another incident waits for a Prometheus that is slow.
    """
    with world.admission:
        follow_clock(world)
        incident = _due(world, incident_id)
    if incident is None:
        return None
    asked = ask_around(world, incident)
    with world.admission:
        follow_clock(world)
        if asked.config is not world.config:
            return None
        note_return(world.journal, world.config, incident, (asked.decision_now, world.clock.now()))
        moment = _Moment(look(world, incident, asked), {}, world.clock_seen)
        moment.verdicts.update(ask_gates(moment.situation))
        plan, no = _approved(world, moment.situation, deciding(moment.verdicts))
        if no is None and (plan is not None or incident.decision != "notify-execute" or incident.announced_at is not None):
            return _begin(world, moment, plan)
    if no is None:
        _announce(world, moment)
    else:
        moment.verdicts.update([no])
        _decline(world, moment, no)
    return None


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


def _approved(world: World, situation: Situation, no: tuple[str, Verdict] | None) -> tuple[Plan | None, tuple[str, Verdict] | None]:
    """Return the plan that a person approved, if it still is exactly that; else the gate that has it proposed anew, or the `no` there was."""
    approval, playbook = situation.approval, situation.playbook
    if no is not None or approval is None or playbook is None:
        return None, no
    plan, obstacle = would_do(world, playbook, situation.incident)
    if obstacle is None and incidents.plan_hash(plan) == approval.plan_hash:
        return plan, None
    changed = Verdict("confirm", f"the plan is another than the one that {approval.author} approved", {"plan_hash": approval.plan_hash})
    return None, ("confirmation", changed)


def _begin(world: World, moment: _Moment, approved: Plan | None = None) -> Work | None:
    """Take the budget in the transaction of the verdicts; None when newer news arrived meanwhile."""
    incident, playbook, now = moment.situation.incident, moment.situation.playbook, moment.situation.now
    assert playbook is not None
    with world.journal.transaction() as db:
        if _overtaken(world, incident) or not take_probes(db, world.journal, incident, now):
            return None
        verdicts.record(db, incident, moment.verdicts, now)
        ledger.begin(db, incident, playbook, now)
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
            incidents.settle(db, incident, "shadowed", f"{reason}; it would: {in_words(plan)}; {plan.undo}", (now, None))
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
        notify.propose(world, incident, plan)
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


def would_do(world: World, playbook: Playbook, incident: Incident) -> tuple[Plan, str | None]:
    """Plan without acting; a plan that cannot be made is empty, and the reason stands beside it."""
    try:
        return world.hands.plan(case_of(world, playbook, incident.target, incident.id), playbook), None
    except (StepFailed, KeyError, OSError) as failure:
        return add_up(playbook, incident.target, ()), f"no plan can be made: {failure}"


def in_words(plan: Plan) -> str:
    """Return what a plan does, in one line, of its slices the first, and what it leaves."""
    slices = max((command.slice for command in plan.commands), default=0)
    told = [command.summary for command in plan.commands if command.slice <= 1] or ["nothing"]
    if slices > 1 and plan.target_bytes is not None:
        told.append(f"and so on in at most {slices} slices until {size_in_words(plan.target_bytes)} are free")
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
            incidents.announced(db, incident.id, now)
            incidents.move(db, incident, "announced", f"announced; acts after a grace of {world.config.autonomy.grace}", acts_at)
        else:
            incidents.move(db, incident, "deferred", "nobody could be told before", now + _ASK_AGAIN_SECONDS)


def _settle(world: World, incident: Incident, outcome: Outcome, reason: str) -> None:
    with world.journal.transaction() as db:
        if _overtaken(world, incident):
            return
        incidents.settle(db, incident, outcome, reason, (world.clock.now(), None))
    log.info("incident %s %s: %s: %s", incident.id, incident.problem, outcome, reason)


def close(work: Work, ended: Ended) -> None:
    """Learn and close in one transaction, then let go what the system holds, and tell people."""
    outcome, reason = ended
    world = work.world
    follow_clock(world)
    now = world.clock.now()
    with world.journal.transaction() as db:
        learn(db, world.journal, world.config, work.incident, (outcome, now))
        ledger.end(db, work.incident.id, outcome, now)
        words.withdraw_approval(db, work.incident.id)
        incidents.settle(db, work.incident, outcome, reason, (now, None))
    log.info("incident %s %s on %s: %s: %s", work.incident.id, work.incident.action, work.incident.target, outcome, reason)
    with contextlib.suppress(StepFailed):
        # It is over all the same, and people are told.
        world.hands.release(work.case, work.begun())
    notify.tell_outcome(world, work.incident, outcome, reason)
