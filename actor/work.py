"""An admitted incident and its one cleverness: each phase's intent on disk, then the effect, then its result on disk."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from actor.journal import JournalError, incidents, totals, undo_records
from actor.learn import trip
from actor.model import Command, HandedOver, Incident, StepFailed, Unprotectable

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.model import Case, Plan
    from actor.playbook import Playbook
    from actor.world import World

log = logging.getLogger(__name__)

T = TypeVar("T")


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
            elif phase == "verify" and not self.incident.is_selftest:
                labels = {"host": self.incident.host, "action": self.incident.action, "finding": result.finding}
                totals.add(db, "homeostat_verifications_total", labels)

    def begun(self) -> tuple[Command, ...]:
        """Return every command that was begun in this run, in order; a run begins with its baseline."""
        phases = incidents.phases_of(self.world.journal, self.incident.id)
        runs = [number for number, phase in enumerate(phases) if phase["phase"] == "baseline"]
        phases = phases[runs[-1] :] if runs else phases
        return tuple(msgspec.convert(phase["intent"], Command) for phase in phases if phase["phase"] == "execute")

    def irreversible_begun(self) -> str | None:
        """Return in words the first irreversible command that was begun, or None."""
        return next((command.summary for command in self.begun() if command.irreversible), None)
