"""Deferrals and announcements: told once, moved by a person, and asked anew when their time has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actor.model import Word
from actor.person import Spoken
from actor.person.deferral import defer
from homeostat.alertmanager import Matcher
from homeostat.clock import rfc3339
from tests.actor.gates.situations import NOW, ask, situation
from tests.support import HOUR, MINUTE, WEB, Actor, Host, silence

if TYPE_CHECKING:
    from actor.person import Reply

ADA = "ada@desk"
GRACE = 10 * MINUTE


def announced(actor: Actor) -> None:
    actor.decide(WEB, "service-restart", "notify-execute", 0.85)
    actor.turn()
    assert actor.incident().state == "announced"


def cooling(actor: Actor) -> float:
    """Let an earlier run of another episode rest, and return when its cooldown ends."""
    with actor.journal.transaction() as db:
        db.execute(
            "INSERT INTO incidents (id, host, problem, target, resource, action, risk, decision, severity, reason, opened_at, last_firing_at, alert_labels, episode_ended_at)"
            " VALUES ('earlier', 'h1', 'fd_exhaustion', 'web', 'fds', 'service-restart', 'low', 'auto-execute', 'info', 'x', 0, 0, '{}', 1)"
        )
        db.execute(
            "INSERT INTO executions (incident_id, action, action_class, target, host, started_at, ended_at, outcome)"
            " VALUES ('earlier', 'service-restart', 'restart', 'web', 'h1', ?, ?, 'succeeded')",
            (actor.clock.now() - 2 * HOUR, actor.clock.now() - 2 * MINUTE),
        )
    return actor.clock.now() + 3 * MINUTE


def move(actor: Actor, until: float | None) -> Reply:
    return defer(actor.world, Spoken(actor.incident().id, ADA), until)


def keep_firing(actor: Actor, decision: str = "notify-execute") -> None:
    actor.decide(WEB, "service-restart", decision, 0.85)


def told(actor: Actor) -> list[str]:
    return [alert.annotations["summary"] for alert in actor.alertmanager.posted if alert.labels["alertname"] == "HomeostatAnnouncement"]


def test_a_deferral_whose_time_is_known_is_told_once(actor: Actor) -> None:
    until = cooling(actor)
    actor.decide(WEB, "service-restart", "auto-execute", 0.95)
    actor.turn()
    assert (actor.incident().state, actor.incident().wake_at) == ("deferred", pytest.approx(until))
    assert told(actor) == [f"service-restart on web waits until {rfc3339(until)} because of memory_leak"]
    assert move(actor, None).taken
    actor.turn()
    assert (actor.incident().state, len(told(actor)), actor.host.restarts()) == ("deferred", 1, 0)


def test_a_deferral_of_a_moment_is_not_worth_telling(actor: Actor) -> None:
    with actor.journal.transaction() as db:
        db.execute(
            "INSERT INTO incidents (id, host, problem, target, resource, action, risk, decision, severity, reason, opened_at, last_firing_at, alert_labels, episode_ended_at)"
            " VALUES ('other', 'h1', 'x', 'y', 'z', 'disk-cleanup', 'low', 'auto-execute', 'info', 'x', 0, 0, '{}', 1)"
        )
        db.execute(
            "INSERT INTO executions (incident_id, action, action_class, target, host, started_at) VALUES ('other', 'disk-cleanup', 'cleanup', 'y', 'h1', ?)",
            (actor.clock.now(),),
        )
    actor.decide(WEB, "service-restart", "auto-execute", 0.95)
    actor.turn()
    assert (actor.incident().state, told(actor)) == ("deferred", [])


def test_a_deferral_after_an_announcement_does_not_announce_again(actor: Actor) -> None:
    announced(actor)
    actor.clock.advance(GRACE)
    cooling(actor)
    keep_firing(actor)
    actor.turn()
    assert actor.incident().state == "deferred"
    actor.clock.advance(3 * MINUTE + 1)
    keep_firing(actor)
    actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)
    assert [line.split(" because")[0].split(" at ")[0].split(" until ")[0] for line in told(actor)] == [
        "service-restart will act on web", "service-restart on web waits",
    ]  # fmt: skip


def busy(host: Host) -> Actor:
    actor = Actor(host, services={"web": {"sessions": "web_sessions"}})
    actor.prometheus.put("web_sessions", 0.0)
    return actor


@pytest.mark.parametrize(("film", "again"), [(9 * MINUTE, False), (2 * HOUR, True)])
def test_what_waits_much_longer_than_people_were_told_is_announced_anew(host: Host, film: float, again: bool) -> None:
    actor = busy(host)
    announced(actor)
    actor.prometheus.put("web_sessions", 1.0)
    actor.clock.advance(GRACE)
    ends = actor.clock.now() + film
    while actor.clock.now() < ends:
        keep_firing(actor)
        actor.turn()
        assert (actor.incident().state, actor.host.restarts()) == ("deferred", 0)
        actor.clock.advance(MINUTE)
    actor.prometheus.put("web_sessions", 0.0)
    keep_firing(actor)
    actor.turn()
    if again:
        assert (actor.incident().state, actor.incident().wake_at) == ("announced", actor.clock.now() + GRACE)
        assert told(actor)[-1].startswith(f"service-restart will act on web at {rfc3339(actor.clock.now() + GRACE)}")
        actor.clock.advance(GRACE)
        keep_firing(actor)
        actor.turn()
    assert (actor.incident().outcome, actor.host.restarts()) == ("succeeded", 1)
    assert len(told(actor)) == (3 if again else 2)
    actor.journal.close()


def test_what_was_due_while_the_actor_was_off_is_announced_anew(actor: Actor) -> None:
    announced(actor)
    actor.clock.advance(3 * HOUR)
    back = actor.restarted()
    keep_firing(back)
    back.turn()
    assert (back.incident().state, back.host.restarts()) == ("announced", 0)
    back.journal.close()


def test_a_refusal_after_an_announcement_is_announced_again_with_a_new_grace(actor: Actor) -> None:
    announced(actor)
    actor.alertmanager.active = [silence(Matcher("target", "web"))]
    actor.clock.advance(GRACE)
    keep_firing(actor)
    actor.turn()
    actor.alertmanager.active = []
    actor.clock.advance(MINUTE)
    keep_firing(actor)
    actor.turn()
    assert (actor.incident().state, actor.incident().wake_at, actor.host.restarts()) == ("announced", actor.clock.now() + GRACE, 0)


def test_an_announcement_is_moved_to_later_and_runs_then_without_another(actor: Actor) -> None:
    announced(actor)
    later = actor.clock.now() + 2 * HOUR
    assert move(actor, later).reason == f"moved to {rfc3339(later)} by {ADA}; every gate is asked then"
    assert told(actor)[-1] == f"service-restart on web waits until {rfc3339(later)} because of memory_leak"
    actor.clock.advance(2 * HOUR - 1)
    keep_firing(actor)
    actor.turn()
    assert actor.host.restarts() == 0
    actor.clock.advance(1)
    actor.turn()
    assert (actor.host.restarts(), len(told(actor))) == (1, 2)


def test_an_announcement_is_moved_to_now(actor: Actor) -> None:
    announced(actor)
    assert move(actor, None).taken
    actor.turn()
    assert actor.host.restarts() == 1


def test_now_does_not_shorten_a_cooldown(actor: Actor) -> None:
    until = cooling(actor)
    actor.decide(WEB, "service-restart", "auto-execute", 0.95)
    actor.turn()
    assert move(actor, None).taken
    actor.turn()
    assert (actor.incident().state, actor.incident().wake_at, actor.host.restarts()) == ("deferred", pytest.approx(until), 0)


@pytest.mark.parametrize(("seconds", "told_so"), [(-1.0, " is over; say now to have everything asked now"), (1.0, "it waits until ")])
def test_it_moves_to_later_or_now_and_nothing_between(actor: Actor, seconds: float, told_so: str) -> None:
    announced(actor)
    before = actor.incident()
    answer = move(actor, actor.clock.now() + seconds)
    assert (answer.taken, told_so in answer.reason) == (False, True)
    assert actor.incident() == before


def test_everything_is_asked_anew_at_the_time_that_a_person_chose(actor: Actor) -> None:
    announced(actor)
    move(actor, actor.clock.now() + HOUR)
    actor.prometheus.forget(WEB)
    actor.clock.advance(HOUR)
    actor.turn()
    assert (actor.incident().outcome, actor.incident().reason[:7], actor.host.restarts()) == ("refused", "firing:", 0)


def test_a_changed_tier_does_not_overrule_the_time_that_a_person_chose(actor: Actor) -> None:
    announced(actor)
    later = actor.clock.now() + HOUR
    move(actor, later)
    keep_firing(actor, "auto-execute")
    actor.turn()
    assert (actor.incident().state, actor.incident().wake_at, actor.host.restarts()) == ("deferred", later, 0)
    assert actor.incident().reason == f"postponed: {ADA} moved it to {rfc3339(later)}"


def test_it_survives_the_process(actor: Actor) -> None:
    announced(actor)
    move(actor, actor.clock.now() + HOUR)
    following = actor.restarted()
    following.clock.advance(GRACE)
    following.turn()
    assert following.host.restarts() == 0
    following.journal.close()


@pytest.mark.parametrize("decision", ["propose", "auto-execute", "alert-only"])
def test_what_does_not_wait_for_a_time_cannot_be_moved(actor: Actor, decision: str) -> None:
    keep_firing(actor, decision)
    actor.turn()
    answer = move(actor, actor.clock.now() + HOUR)
    assert (answer.taken, answer.reason.startswith("there is nothing to move: it is ")) == (False, True)


@given(moves=st.lists(st.one_of(st.none(), st.floats(-7200, 7200)), max_size=6))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_it_is_moved_it_never_runs_within_the_cooldown_or_before_the_last_time_that_was_taken(actor: Actor, moves: list[float | None]) -> None:
    with actor.journal.transaction() as db:
        for table in ("alerts", "executions", "verdicts", "phases", "proposals", "words", "last_outcomes", "undo_records", "incidents"):
            db.execute(f"DELETE FROM {table}")
    restarts, until = actor.host.restarts(), cooling(actor)
    keep_firing(actor, "auto-execute")
    actor.turn()
    chosen = 0.0
    for seconds in moves:
        at = None if seconds is None else actor.clock.now() + seconds
        if move(actor, at).taken:
            chosen = at or actor.clock.now()
        actor.turn()
        assert actor.host.restarts() == restarts
    for _ in range(int(max(until, chosen) - actor.clock.now()) // 60):
        actor.clock.advance(60)
        keep_firing(actor, "auto-execute")
        actor.turn()
        assert actor.host.restarts() == restarts or actor.clock.now() >= max(until, chosen)


class TestGatePostponed:
    def test_nobody_moved_it(self) -> None:
        assert ask("postponed", situation()) == ("allow", "nobody moved it")

    def test_the_last_word_counts(self) -> None:
        first = Word(word="deferred", author=ADA, said_at=NOW - 60, until=NOW + 9999)
        second = Word(word="deferred", author="bob@desk", said_at=NOW - 30, until=NOW + 60, reason="a film")
        assert ask("postponed", situation(words=(first, second))) == ("defer", f"bob@desk moved it to {rfc3339(NOW + 60)}: a film")
        assert ask("postponed", situation(words=(first, second), now=NOW + 60)) == ("allow", "the time to which it was moved has come")
