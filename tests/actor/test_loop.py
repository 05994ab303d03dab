"""The loop with its real threads and a real clock: what is due is carried, one error stops nothing, an end is clean."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from typing import TYPE_CHECKING

import pytest

from actor import admission, loop
from actor.journal import Journal, JournalError, incidents, ledger
from actor.loop import Loop
from actor.metrics import Collector
from actor.service import Service
from homeostat.alertmanager import Alert
from homeostat.clock import SystemClock
from tests.support import DISK, WEB, Actor, Host, labels_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from actor.world import World


@pytest.fixture
def live(host: Host) -> Iterator[Actor]:
    host.clock = SystemClock()
    quick = {"settle": "200ms", "watch": "5s"}
    actor = Actor(host, exporter={"cycle": "100ms"}, autonomy={"actions": {"service-restart": quick, "disk-cleanup": quick}})
    yield actor
    with contextlib.suppress(Exception):
        actor.journal.close()


@contextlib.contextmanager
def looping(actor: Actor) -> Iterator[Service]:
    service = Service(actor.world, (), ())
    loop = Loop(service)
    loop.start()
    try:
        yield service
    finally:
        actor.world.ending.set()
        service.bell.set()
        loop.close()


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def outcome(actor: Actor) -> str | None:
    found = incidents.recent(actor.journal, 0.0)
    return found[0].outcome if found else None


def test_what_is_heard_of_is_carried_to_its_outcome(live: Actor) -> None:
    with looping(live) as service:
        live.decide(WEB, "service-restart")
        service.bell.set()
        wait_for(lambda: outcome(live))
    assert (outcome(live), live.host.restarts()) == ("succeeded", 1)


def test_what_only_alertmanager_knows_is_found_and_it_is_ready_then(live: Actor) -> None:
    live.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)
    live.alertmanager.firing = [Alert("f", labels_of(WEB, "service-restart", "auto-execute"), {"confidence": "0.95"}, "2026-01-01T00:00:00Z", "")]
    with looping(live):
        wait_for(live.world.ready.is_set)
        wait_for(lambda: outcome(live))
    assert live.host.restarts() == 1


def test_an_end_hands_over_within_seconds_and_the_next_process_finishes(live: Actor) -> None:
    with looping(live) as service:
        live.decide(WEB, "service-restart")
        service.bell.set()
        wait_for(lambda: "verify" in live.phases() if incidents.recent(live.journal, 0.0) else False)
        began = time.monotonic()
    assert time.monotonic() - began < 10
    following = live.restarted()
    following.world.ending.clear()
    with looping(following):
        wait_for(lambda: outcome(following))
    assert (outcome(following), following.host.restarts()) == ("succeeded", 1)
    following.journal.close()


def test_a_journal_that_fails_for_a_while_stops_nothing_for_good(live: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = Journal.transaction, iter(range(3))

    def failing(journal: Journal) -> object:
        if next(failures, None) is not None:
            raise JournalError("journal.db: not written: database or disk is full")
        return real(journal)

    live.decide(WEB, "service-restart")
    monkeypatch.setattr(Journal, "transaction", failing)
    with looping(live):
        wait_for(lambda: outcome(live))
    assert (outcome(live), live.host.restarts()) == ("succeeded", 1)


def test_two_incidents_never_run_at_once(live: Actor) -> None:
    for number in range(6):
        live.host.log(f"app.log.{number}", 32)
    live.decide(WEB, "service-restart")
    live.decide(DISK, "disk-cleanup")
    with looping(live) as service:
        service.bell.set()
        wait_for(lambda: len([incident for incident in incidents.recent(live.journal, 0.0) if incident.outcome]) == 2, seconds=20)
    first, second = sorted(ledger.executions(live.journal, 0.0), key=lambda run: run.started_at)
    assert first.ended_at is not None
    assert first.ended_at <= second.started_at


def test_an_incident_that_breaks_us_rests_and_does_not_keep_others_waiting(live: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = admission.ask_around, []

    def ask_around(world: object, incident: incidents.Incident) -> object:
        asked.append(incident.target)
        if incident.target == "disk":
            raise RuntimeError("a bug")
        return real(world, incident)

    monkeypatch.setattr(admission, "ask_around", ask_around)
    live.decide(DISK, "disk-cleanup")
    live.decide(WEB, "service-restart")
    with looping(live) as service:
        service.bell.set()
        wait_for(lambda: live.host.restarts() == 1)
        wait_for(lambda: [run.outcome for run in ledger.executions(live.journal, 0.0)] == ["succeeded"])
    assert asked.count("disk") == 1


def test_an_admission_that_waits_for_an_answer_keeps_no_news_waiting(live: Actor) -> None:
    with looping(live) as service:
        wait_for(lambda: live.world.clock_seen)
        with live.world.admission:
            live.decide(WEB, "service-restart")
            service.bell.set()
            wait_for(lambda: incidents.recent(live.journal, 0.0), seconds=2)


def test_only_a_few_are_taken_in_hand_at_a_time_and_all_get_their_turn(live: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, go_on = [], threading.Event()

    def remediate(world: World, incident_id: str) -> None:
        taken.append(incident_id)
        go_on.wait(10)
        with world.journal.transaction() as db:
            incidents.settle(db, incidents.find(world.journal, incident_id), "refused", "in a test", (0.0, None))

    monkeypatch.setattr(loop, "remediate", remediate)
    for number in range(30):
        live.hear(labels_of(WEB._replace(target=f"web{number}"), "service-restart", "auto-execute"))
    with looping(live) as service:
        wait_for(lambda: len(taken) == 4)
        live.hear(labels_of(WEB._replace(target="late"), "service-restart", "auto-execute"))
        service.bell.set()
        wait_for(lambda: len(incidents.recent(live.journal, 0.0)) == 31)
        assert len(taken) == 4
        go_on.set()
        # One that ends while the next are chosen may be looked at once more, and is found settled.
        wait_for(lambda: len(set(taken)) == 31)


def test_root_that_does_not_answer_keeps_neither_a_scrape_nor_the_end_waiting(live: Actor) -> None:
    silent, asked = threading.Event(), threading.Event()

    def obstacle(*_: object) -> str | None:
        asked.set()
        silent.wait(20)
        return None

    live.world.hands = dataclasses.replace(live.world.hands, obstacle=obstacle)
    with looping(live) as service:
        wait_for(asked.is_set)
        began = time.monotonic()
        scraped = {family.name: family.samples for family in Collector(service, Loop(service)).collect()}
        assert scraped["homeostat_action_rollback_feasibility_ratio"] == []
        assert scraped["homeostat_actor_ready"][0].value == 0
    assert time.monotonic() - began < 10
    silent.set()


def test_it_is_ready_once_it_has_reconciled_and_knows_what_can_be_protected(live: Actor) -> None:
    live.alertmanager.down = True
    with looping(live):
        wait_for(lambda: live.world.feasibility)
        assert not live.world.ready.is_set()
        live.alertmanager.down = False
        wait_for(live.world.ready.is_set)


def test_what_a_restart_finds_shadowed_is_looked_at_again_in_the_mode_that_is_now_in_force(host: Host) -> None:
    host.clock = SystemClock()
    shadow = Actor(host, autonomy={"mode": "shadow"})
    shadow.decide(WEB, "service-restart")
    shadow.turn()
    assert outcome(shadow) == "shadowed"
    shadow.journal.close()
    quick = {"settle": "200ms", "watch": "5s"}
    active = Actor(host, exporter={"cycle": "100ms"}, autonomy={"actions": {"service-restart": quick}})
    active.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)
    with looping(active):
        wait_for(lambda: outcome(active) != "shadowed")
        wait_for(lambda: outcome(active) == "succeeded")
    active.journal.close()


@pytest.mark.parametrize("asker", ["selftest.test_daily", "loop.post_what_is_due"])
def test_who_only_asks_does_not_hold_up_the_end(live: Actor, monkeypatch: pytest.MonkeyPatch, asker: str) -> None:
    asking, answered = threading.Event(), threading.Event()

    def ask_long(*_: object) -> None:
        asking.set()
        answered.wait(60)

    monkeypatch.setattr(f"actor.{asker}", ask_long)
    with looping(live):
        assert asking.wait(60)
        began = time.monotonic()
    assert time.monotonic() - began < 30
    answered.set()
