"""A clock that was set: what the actor waits for moves with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import incidents, ledger, words
from actor.model import Breaker
from actor.person import Spoken
from actor.person.deferral import defer
from actor.person.refusal import refuse
from actor.reconcile import reconcile
from actor.timekeeper import follow_clock
from tests.support import DAY, DISK, HOUR, WEB, labels_of

if TYPE_CHECKING:
    from tests.support import Actor

STEPS = [-365 * DAY, -HOUR, -60.0, 60.0, HOUR, 365 * DAY]


@pytest.mark.parametrize("step", STEPS)
def test_a_grace_lasts_as_long_as_it_was_announced(actor: Actor, step: float) -> None:
    actor.decide(WEB, "service-restart", "notify-execute")
    actor.turn()
    actor.clock.jump(step)
    actor.turn()
    actor.clock.advance(590)
    actor.turn()
    assert (actor.incident().state, actor.host.restarts()) == ("announced", 0)
    actor.clock.advance(20)
    actor.turn()
    assert actor.host.restarts() == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_breaker_stays_open_as_long_as_it_should(actor: Actor, step: float) -> None:
    follow_clock(actor.world)
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, Breaker(scope="global", failures=3, open_until=actor.clock.now() + HOUR, openings=1))
    actor.clock.jump(step)
    follow_clock(actor.world)
    (breaker,) = ledger.breakers(actor.journal)
    assert breaker.open_until == pytest.approx(actor.clock.now() + HOUR)


def test_drift_of_less_than_a_second_moves_nothing(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "notify-execute")
    actor.turn()
    wakes = actor.incident().wake_at
    for step in (0.4, -0.4, 0.9):
        actor.clock.jump(step)
        follow_clock(actor.world)
    assert actor.incident().wake_at == wakes


def test_small_steps_add_up(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "notify-execute")
    actor.turn()
    for _ in range(100):
        actor.clock.jump(-0.4)
        follow_clock(actor.world)
    assert actor.incident().wake_at == pytest.approx(actor.clock.now() + 600, abs=1.1)


def test_after_a_restart_time_that_passed_is_time_that_passed(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "notify-execute")
    actor.turn()
    actor = actor.restarted()
    actor.clock.jump(601)
    actor.prometheus.decide(WEB, "service-restart", "auto-execute", 0.95)
    actor.turn()
    assert actor.host.restarts() == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_yes_and_a_time_that_a_person_chose_last_as_long_as_they_would_have(actor: Actor, step: float) -> None:
    actor.decide(WEB, "service-restart", "notify-execute")
    actor.turn()
    incident_id = actor.incident().id
    assert defer(actor.world, Spoken(incident_id, "ada@desk"), actor.clock.now() + HOUR).taken
    actor.decide(DISK, "disk-cleanup", "propose")
    actor.turn()
    with actor.journal.transaction() as db:
        words.approve(db, actor.incident().id, "ada@desk", actor.clock.now())
    actor.clock.jump(step)
    follow_clock(actor.world)
    now = actor.clock.now()
    assert words.said_of(actor.journal, incident_id)[0].until == pytest.approx(now + HOUR)
    approval = words.approval_of(actor.journal, actor.incident().id, now)
    assert (approval is not None, approval.approved_at) == (True, pytest.approx(now))
    assert words.approval_of(actor.journal, actor.incident().id, now + 7 * DAY + 1) is None


def test_what_is_over_keeps_its_times(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "propose")
    actor.turn()
    refuse(actor.world, Spoken(actor.incident().id, "ada@desk"), "denied")
    with actor.journal.transaction() as db:
        incidents.end_episode(db, actor.incident(), actor.clock.now())
    before, said = actor.incident(), words.said_of(actor.journal, actor.incident().id)
    actor.clock.jump(-DAY)
    actor.turn()
    assert (actor.incident(), words.said_of(actor.journal, before.id)) == (before, said)


def test_news_that_was_written_by_the_new_clock_before_anybody_noticed_is_not_moved(actor: Actor) -> None:
    actor.decide(WEB, "service-restart")
    actor.turn()
    actor.clock.jump(HOUR)
    reconcile(actor.world)
    actor.hear(labels_of(WEB, "service-restart", "auto-execute"))
    follow_clock(actor.world)
    rested_since = ledger.executions(actor.journal, 0.0)[0].ended_at
    # Were it moved, the next process would take the clock for one that was set back, and end every rest an hour early.
    later = actor.restarted()
    follow_clock(later.world)
    assert ledger.executions(later.journal, 0.0)[0].ended_at == rested_since
