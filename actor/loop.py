"""The actor's threads: one decides what is due, a few carry incidents through the flow, one reconciles."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from actor import feasibility, housekeeping, selftest, summary
from actor.absorb import absorb
from actor.conditions import ask_conditions
from actor.feasibility import ask_feasibility
from actor.housekeeping import keep_house
from actor.journal import JournalError, incidents
from actor.model import HandedOver
from actor.noticed import note_stops
from actor.pipeline import remediate
from actor.reconcile import reconcile
from actor.recovery import recover
from actor.situation import due
from actor.summary import post_what_is_due
from actor.timekeeper import follow_clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from actor.model import Incident
    from actor.service import Service

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.5
# What rings within this time is decided in one turn: a storm of deliveries is no storm of turns.
_GATHER_SECONDS = 0.02
_WORKERS = 4
# Few wait in the pool: who comes next is chosen when there is room, and in a storm not looked for in vain.
_MOST_IN_HAND = 8
_REST_SECONDS = 60
_ONLY_ASK = {"deployments", "feasibility", "selftest", "summary"}
_LAST_QUESTION_SECONDS = 1


class Loop:
    """Runs until `world.ending` is set; what is on its way then is handed to the next process's recovery."""

    def __init__(self, service: Service) -> None:
        """Prepare the threads; `start` runs them."""
        self._service = service
        self._world = service.world
        self._pool = concurrent.futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix="incident")
        self._busy: set[str] = set()
        self._rests_until: dict[str, float] = {}
        self._lock = threading.Lock()
        self._reconciled = False
        self._pruned_at: float | None = None
        self._deployments_kept_at: float | None = None
        self._began_at = service.world.clock.monotonic()
        self._threads = [threading.Thread(target=self._run, name="loop", daemon=True)]
        for name, turn, rest in (
            ("reconcile", self._reconcile, lambda: self._world.ending.is_set() or service.incomplete.wait(self._world.config.actor.reconcile)),
            ("feasibility", self._ask_feasibility, lambda: service.reconfigured.wait(feasibility.EVERY_SECONDS)),
            ("housekeeping", self._keep_house, lambda: self._world.ending.wait(housekeeping.EVERY_SECONDS)),
            ("deployments", self._keep_deployments, lambda: self._world.ending.wait(housekeeping.DEPLOYMENTS_ASKED_SECONDS)),
            ("summary", lambda: post_what_is_due(self._world), lambda: self._world.ending.wait(summary.EVERY_SECONDS)),
            ("selftest", self._test_daily, lambda: self._world.ending.wait(selftest.EVERY_SECONDS)),
        ):
            self._threads.append(threading.Thread(target=self._again_and_again, args=(turn, rest), name=name, daemon=True))
        self.last_turn = 0.0

    def start(self) -> None:
        """Recover what the last process left, then begin."""
        for incident in incidents.running(self._world.journal):
            self._submit(incident)
        try:
            # The configuration may have changed while nobody ran: what it refused or shadowed is looked at again.
            with self._world.journal.transaction() as db:
                incidents.wake_undecided(db, self._world.clock.now())
        except JournalError as error:
            log.error("the journal cannot be written: %s", error)  # noqa: TRY400 - no traceback for a full disk
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Wait until nothing moves any more."""
        self._service.incomplete.set()
        self._service.reconfigured.set()
        for thread in self._threads:
            # Who only asks may wait long for root or for another daemon, and leaves nothing half done: a report is written whole, and posted again.
            thread.join(_LAST_QUESTION_SECONDS if thread.name in _ONLY_ASK else None)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        while not self._world.ending.is_set():
            more = 0
            try:
                more = self._turn()
            except JournalError as error:
                log.error("the journal cannot be written: %s", error)  # noqa: TRY400 - no traceback for a full disk
            except Exception:
                log.exception("the loop met an error and goes on")
            self._service.bell.wait(0 if more else _TICK_SECONDS)
            self._world.ending.wait(_GATHER_SECONDS)
            self._service.bell.clear()

    def _turn(self) -> int:
        """Decide what was heard, carry what is due, and return how many alerts were decided."""
        follow_clock(self._world)
        decided = absorb(self._world)
        if len(self._busy) < _MOST_IN_HAND:
            for incident in [*incidents.running(self._world.journal), *due(self._world)]:
                self._submit(incident)
        note_stops(self._world)
        self.last_turn = self._world.clock.now()
        return decided

    def _submit(self, incident: Incident) -> None:
        with self._lock:
            if len(self._busy) >= _MOST_IN_HAND or incident.id in self._busy or self._rests_until.get(incident.id, 0.0) > self._world.clock.monotonic():
                return
            self._busy.add(incident.id)
        self._pool.submit(self._carry, incident)

    def _carry(self, incident: Incident) -> None:
        world = self._world
        try:
            if incident.state == "running":
                recover(world, incident)
            else:
                remediate(world, incident.id)
        except HandedOver:
            log.info("incident %s is handed to the next process", incident.id)
        except JournalError as error:
            log.error("incident %s waits for the journal: %s", incident.id, error)  # noqa: TRY400 - no traceback for a full disk
            self._rests_until[incident.id] = world.clock.monotonic() + _TICK_SECONDS
        except Exception:
            log.exception("incident %s met an error and rests for %d s", incident.id, _REST_SECONDS)
            self._rests_until[incident.id] = world.clock.monotonic() + _REST_SECONDS
        finally:
            with self._lock:
                was_full = len(self._busy) >= _MOST_IN_HAND
                self._busy.discard(incident.id)
            if was_full:
                self._service.bell.set()

    def _again_and_again(self, turn: Callable[[], None], rest: Callable[[], bool]) -> None:
        while not self._world.ending.is_set():
            try:
                turn()
            except JournalError as error:
                log.error("the journal cannot be written: %s", error)  # noqa: TRY400 - no traceback for a full disk
            except Exception:
                log.exception("%s met an error and goes on", threading.current_thread().name)
            rest()

    def _reconcile(self) -> None:
        self._service.incomplete.clear()
        if reconcile(self._world):
            self._reconciled = True
            self._tell_ready()
        self._service.bell.set()

    def _ask_feasibility(self) -> None:
        self._service.reconfigured.clear()
        self._world.conditions = ask_conditions(self._world)
        self._world.feasibility = ask_feasibility(self._world)
        self._tell_ready()

    def _tell_ready(self) -> None:
        """Whoever of the two is first, ready is what is known whole."""
        if self._reconciled and self._world.feasibility is not None:
            self._world.ready.set()

    def _keep_deployments(self) -> None:
        self._deployments_kept_at = housekeeping.keep_deployments(self._world, self._deployments_kept_at)

    def _test_daily(self) -> None:
        with contextlib.suppress(HandedOver):
            selftest.test_daily(self._service, self._began_at)

    def _keep_house(self) -> None:
        self._pruned_at = keep_house(self._world, self._pruned_at)
