"""At start every unfinished incident is resolved by an oracle: asked again, verified, rolled back, or called interrupted."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from actor.journal import incidents, ledger
from actor.model import Command, HandedOver, Plan, Restored, StepFailed, Unprotectable
from actor.pipeline import close, conclude, roll_back, undone
from actor.reckoning import Reckoning
from actor.verify import Baseline
from actor.work import Work
from actor.world import World, bare_case, case_of

if TYPE_CHECKING:
    from actor.deeds import Record
    from actor.model import Effect, Incident
    from actor.pipeline import Ended

log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal says an interrupted incident had done: None for a phase that never finished."""

    baseline: Baseline | None
    plan: Plan | None
    record: dict[str, Any] | None
    begun: tuple[Command, ...]
    last_finished: bool
    reckoning: Reckoning
    failure: str | None
    recovered_before: bool
    rolling_back: bool
    restored: Restored | None


def recover(world: World, incident: Incident) -> None:
    """Resolve one incident that was running when its process ended; one that was closed since stays so. Raises JournalError and HandedOver."""
    found = incidents.find(world.journal, incident.id)
    if found is None or found.state != "running":
        return
    incident = found
    try:
        playbook = world.playbooks[incident.action]
        work = Work(world, incident, playbook, case_of(world, playbook, incident.target, incident.id))
    except KeyError as unknown:
        _give_up(world, incident, f"{unknown} is no longer configured, so nothing can be asked of it")
        return
    story = read_story(incidents.phases_of(world.journal, incident.id))
    try:
        effect = work.step("recover", _effect, work, story)
        ended = _resolve(work, story, effect)
    except (StepFailed, Unprotectable) as failure:
        ended = ("interrupted", f"interrupted, and what it did cannot be known: {failure}")
    if ended is None:
        _ask_again(world, incident)
    else:
        close(work, ended)


def read_story(phases: list[dict[str, Any]]) -> Story:
    """Read an incident's phases back into values, those of its last attempt, which begins with its baseline."""
    recovered_before = any(phase["phase"] == "recover" for phase in phases)
    starts = [number for number, phase in enumerate(phases) if phase["phase"] == "baseline"]
    phases = phases[starts[-1] :] if starts else []
    finished = {phase["phase"]: phase["result"] for phase in phases if phase["finished_at"] is not None and phase["failure"] is None}
    executes = [phase for phase in phases if phase["phase"] == "execute"]
    plan = msgspec.convert(finished["plan"], Plan) if "plan" in finished else None
    names = {phase["phase"] for phase in phases}
    return Story(
        baseline=msgspec.convert(finished["baseline"], Baseline) if "baseline" in finished else None,
        plan=plan,
        record=finished.get("seal") or finished.get("protect"),
        begun=tuple(msgspec.convert(phase["intent"], Command) for phase in executes),
        last_finished=bool(executes) and executes[-1]["finished_at"] is not None,
        reckoning=_reckon(plan, executes),
        failure=next((phase["failure"] for phase in phases if phase["failure"] is not None and phase["phase"] != "recover"), None),
        recovered_before=recovered_before,
        rolling_back="roll back" in names,
        restored=msgspec.convert(finished["roll back"], Restored) if "roll back" in finished else None,
    )


def _reckon(plan: Plan | None, executes: list[dict[str, Any]]) -> Reckoning:
    reckoning = Reckoning(target_bytes=plan.target_bytes if plan is not None else None)
    for phase in executes:
        reckoning = reckoning.after(phase["result"] or {})
    return reckoning


def _effect(work: Work, story: Story) -> Effect:
    """Ask what the plan as a whole has brought about: the oracle is asked of a command that never reported back."""
    if not story.begun or story.plan is None:
        return "none"
    last = story.begun[-1]
    effect = "done" if story.last_finished else _settled(work, last)
    if effect == "done" and len(story.begun) < len(story.plan.commands) and not story.reckoning.over:
        return "partial"
    if effect == "none" and len(story.begun) > 1:
        return "partial"
    return effect


def _settled(work: Work, command: Command) -> Effect:
    """Ask a command's oracle, and wait for one that still runs, which its own deadline ends, or a stop. Raises HandedOver and StepFailed."""
    world = work.world
    while (effect := world.hands.oracle(work.case, command)) == "running":
        if world.ending.is_set():
            raise HandedOver
        if work.case.stopped():
            world.hands.release(work.case, (command,))
            return "partial"
        world.clock.sleep(_POLL_SECONDS)
    return effect


def _resolve(work: Work, story: Story, effect: Effect) -> Ended | None:
    """Return how the incident ended, or None to ask every gate once more."""
    record: Record | None = story.record
    if story.restored is not None:
        return undone(work, story.restored, story.failure or "interrupted after it was rolled back", story.baseline)
    if record is not None and (story.rolling_back or story.failure or effect == "partial"):
        return _step_back(work, story, record)
    if effect == "none":
        return ("interrupted", "interrupted twice before it had any effect; not tried again") if story.recovered_before else None
    if effect == "done" and record is not None and story.baseline is not None:
        try:
            return conclude(work, record, story.baseline, story.reckoning)
        except (StepFailed, Unprotectable) as failure:
            return roll_back(work, record, str(failure), story.baseline)
    return "interrupted", "interrupted, and nothing tells what it did; not run again"


def _step_back(work: Work, story: Story, record: Record) -> Ended:
    """Put back what is not gone for good; where whole slices of a cleanup are, verify what they freed."""
    if story.rolling_back or story.failure:
        return roll_back(work, record, f"interrupted after: {story.failure}" if story.failure else "interrupted half-way", story.baseline)
    if story.baseline is None or not _in_whole_slices(work, story):
        return roll_back(work, record, "interrupted half-way", story.baseline)
    restored = work.step("put back", work.world.hands.undo, work.case, record)
    if restored.conflicts:
        return undone(work, restored, "interrupted between two slices", story.baseline)
    outcome, reason = conclude(work, record, story.baseline, story.reckoning)
    return outcome, f"interrupted between two slices, {restored.restored} put back; {reason}"


def _in_whole_slices(work: Work, story: Story) -> bool:
    """Say whether something is gone for good, and everything that was to go for good is gone or was not touched."""
    for_good = [command for command in story.begun if command.irreversible and command.frees is not None]
    last = story.begun[-1]
    if story.last_finished or not last.irreversible:
        return bool(for_good)
    effect = work.world.hands.oracle(work.case, last)
    return effect == "done" or (effect == "none" and len(for_good) > 1)


def _ask_again(world: World, incident: Incident) -> None:
    now = world.clock.now()
    with world.journal.transaction() as db:
        ledger.withdraw(db, incident)
        incidents.move(db, incident, "accepted", "interrupted before it had any effect; every gate is asked once more", now)
    log.info("incident %s: interrupted before any effect, asked again", incident.id)


def _give_up(world: World, incident: Incident, why: str) -> None:
    """End what nothing can be asked of any more: what its record alone allows is undone, and it counts as a failure."""
    story = read_story(incidents.phases_of(world.journal, incident.id))
    if not story.begun:
        _ask_again(world, incident)
        return
    work = Work(world, incident, None, bare_case(world, incident))
    with contextlib.suppress(StepFailed):
        # Whatever still runs of it would go on changing what is undone.
        world.hands.release(work.case, story.begun)
    close(work, _undone_by_record(work, story, f"interrupted; {why}"))


def _undone_by_record(work: Work, story: Story, why: str) -> Ended:
    if story.restored is not None:
        return undone(work, story.restored, why, None)
    if story.record is None:
        return "interrupted", why
    outcome, reason = roll_back(work, story.record, why, None)
    return ("interrupted", why) if outcome == "failed" else (outcome, reason)
