"""The sheet on the wall: gate -> plan -> protect -> execute -> verify -> keep | roll back | strand -> learn -> close."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from actor import notify
from actor.admission import admit, take_back
from actor.execution import fenced
from actor.journal import incidents, ledger, news, words
from actor.learn import learn
from actor.model import StepFailed, Unprotectable, Verdict
from actor.reckoning import Reckoning
from actor.situation import recheck
from actor.timekeeper import follow_clock
from actor.verify import recovered, still_healthy, take_baseline, verify, with_reckoning

if TYPE_CHECKING:
    from actor.deeds import Record
    from actor.model import Plan, Restored
    from actor.verify import Baseline, Verification
    from actor.work import Work
    from actor.world import World
    from homeostat.words import Outcome

log = logging.getLogger(__name__)

Ended = tuple["Outcome", str]

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
    take_back(work.world, work.incident, no)


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


def close(work: Work, ended: Ended) -> None:
    """Learn and close in one transaction, then let go what the system holds, and tell people."""
    outcome, reason = ended
    world = work.world
    follow_clock(world)
    now = world.clock.now()
    with world.journal.transaction() as db:
        if work.playbook is None or not work.playbook.only_reads:
            learn(db, world.journal, world.config, work.incident, (outcome, now))
        ledger.end(db, work.incident.id, outcome, now)
        words.withdraw_approval(db, work.incident.id)
        incidents.settle(db, work.incident, outcome, reason, (now, None))
        news.owe(db, work.incident.id, now)
    log.info("incident %s %s on %s: %s: %s", work.incident.id, work.incident.action, work.incident.target, outcome, reason)
    with contextlib.suppress(StepFailed):
        # It is over all the same, and people are told.
        world.hands.release(work.case, work.begun())
    if notify.tell_outcome(world, work.incident, outcome, reason):
        with world.journal.transaction() as db:
            news.settle(db, work.incident.id)
