"""A problem that is back within an hour of what healed it: the success is taken back, once, wherever it was booked."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actor import breakers
from actor.journal import ledger, trials
from actor.learn import learn, moved, reset_breakers, take_probes
from actor.model import Breaker
from actor.reconcile import UNAVAILABLE, reconcile
from homeostat.words import FAILURES
from tests.actor.gates.situations import incident
from tests.crash import Killed, Reaper, reaping
from tests.support import DAY, HOUR, KIB, LAST_SUCCESS, MINUTE, WEB, Actor, Host

if TYPE_CHECKING:
    from homeostat.words import Outcome

ACTION = "service-restart"


def healed(actor: Actor, outcome: str = "succeeded") -> None:
    """Let the service be restarted with success, and a moment later nothing be decided any more."""
    actor.decide(WEB, ACTION)
    actor.turn()
    assert actor.incident().outcome == outcome
    actor.prometheus.forget(WEB)
    later(actor, MINUTE)


def later(actor: Actor, seconds: float) -> None:
    actor.clock.advance(seconds)
    reconcile(actor.world)


def returns(actor: Actor) -> None:
    actor.prometheus.decide(WEB, ACTION, "auto-execute", 0.95)
    reconcile(actor.world)


def learned(actor: Actor) -> tuple[int, int, int, float]:
    record = ledger.record_at(actor.journal, ACTION, "web")
    return record.successes, record.trials, record.failures_in_row, round(ledger.offset_of(actor.journal, ACTION).value, 4)


def counted(actor: Actor) -> dict[str, int]:
    return {breaker.scope: breaker.failures for breaker in ledger.breakers(actor.journal)}


def test_a_success_whose_problem_is_back_within_the_hour_counts_as_the_failure_it_was(actor: Actor) -> None:
    healed(actor)
    assert learned(actor) == (1, 1, 0, 0.05)
    later(actor, 30 * MINUTE)
    returns(actor)
    assert learned(actor) == (0, 1, 1, -0.1)
    assert counted(actor) == {"global": 1, "service-restart/web": 1}
    assert actor.total("homeostat_action_recurrences_total", action=ACTION, target="web") == 1
    assert actor.incident().reason.endswith("; but memory_leak was back 31m after it ended: counted as a failure")


def test_it_is_counted_once_however_often_it_is_seen(actor: Actor) -> None:
    healed(actor)
    for _ in range(4):
        returns(actor)
        actor = actor.restarted()
        actor.prometheus.forget(WEB)
        later(actor, MINUTE)
    assert learned(actor) == (0, 1, 1, -0.1)
    assert actor.total("homeostat_action_recurrences_total") == 1


def test_after_the_hour_it_is_a_new_problem(actor: Actor) -> None:
    healed(actor)
    later(actor, HOUR)
    returns(actor)
    assert learned(actor)[:3] == (1, 1, 0)


@pytest.mark.parametrize("days", [-300, -1, 1, 300])
@pytest.mark.parametrize(("minutes", "counts"), [(50, True), (61, False)])
def test_the_hour_is_an_hour_however_the_clock_is_set(actor: Actor, days: int, minutes: int, counts: bool) -> None:
    healed(actor)
    actor.clock.jump(days * DAY)
    actor.turn()
    actor.clock.advance((minutes - 1) * MINUTE)
    actor.turn()
    returns(actor)
    assert learned(actor)[0] == (0 if counts else 1)


def test_a_problem_that_never_went_away_is_verifications_business(actor: Actor) -> None:
    actor.decide(WEB, ACTION)
    actor.turn()
    for _ in range(30):
        later(actor, MINUTE)
    assert learned(actor)[:3] == (1, 1, 0)


def test_a_silent_prometheus_is_no_problem_that_went_away(actor: Actor) -> None:
    actor.decide(WEB, ACTION)
    actor.turn()
    actor.prometheus.down = True
    later(actor, MINUTE)
    actor.prometheus.down = False
    later(actor, MINUTE)
    assert learned(actor)[:3] == (1, 1, 0)


@pytest.mark.parametrize("blind", ["the action began a new regime", "the exporter is dead", "the exporter is late"])
def test_what_nobody_can_see_at_the_moment_has_not_gone_away(actor: Actor, blind: str) -> None:
    actor.decide(WEB, ACTION)
    actor.turn()
    actor.prometheus.forget(WEB)
    if blind == "the action began a new regime":
        actor.prometheus.put(UNAVAILABLE, 1.0, **WEB._asdict(), reason="not_enough_data")
    elif blind == "the exporter is dead":
        actor.prometheus.drop(LAST_SUCCESS)
    else:
        actor.prometheus.evaluated_seconds_ago = 5 * MINUTE
    later(actor, MINUTE)
    returns(actor)
    assert learned(actor)[:3] == (1, 1, 0)


def test_a_failure_is_not_counted_twice(actor: Actor) -> None:
    (actor.host.service / "refuses").touch()
    healed(actor, "failed")
    returns(actor)
    assert learned(actor)[1:3] == (1, 1)
    assert counted(actor)["service-restart/web"] == 1


def test_another_target_that_falls_ill_is_another_problem(actor: Actor) -> None:
    healed(actor)
    actor.prometheus.decide(WEB._replace(target="db"), ACTION, "auto-execute", 0.95)
    reconcile(actor.world)
    assert learned(actor)[:3] == (1, 1, 0)


def test_two_that_did_not_last_close_the_way_though_each_seemed_to_work(host: Host) -> None:
    actor = Actor(host)
    for wait in (61 * MINUTE, 0):
        (host.service / "memory").write_text(str(900 * KIB))
        healed(actor)
        later(actor, 11 * MINUTE)
        returns(actor)
        actor.prometheus.forget(WEB)
        later(actor, wait)
    pair = breakers.concerned(ledger.breakers(actor.journal), ACTION, "web")[1]
    assert (pair.failures, pair.standing(actor.clock.now())) == (2, "open")
    assert pair.open_until == actor.clock.now() + HOUR
    actor.journal.close()


def test_what_comes_back_after_a_reset_counts_from_nothing(actor: Actor) -> None:
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, Breaker(scope="service-restart/web", failures=1, open_until=None, openings=0))
    healed(actor)
    with actor.journal.transaction() as db:
        reset_breakers(db)
    returns(actor)
    assert counted(actor) == {"global": 1, "service-restart/web": 1}


def test_a_failure_before_and_a_success_that_did_not_last_are_two_in_a_row(actor: Actor) -> None:
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, Breaker(scope="service-restart/web", failures=1, open_until=None, openings=0))
    healed(actor)
    assert counted(actor)["service-restart/web"] == 0
    returns(actor)
    assert breakers.concerned(ledger.breakers(actor.journal), ACTION, "web")[1].standing(actor.clock.now()) == "open"


def test_it_is_known_before_the_gates_are_asked_about_the_same_problem_again(host: Host) -> None:
    actor = Actor(host, limits={"breaker": {"pair_failures": 1, "pair_open": "2h"}, "episode_quiet": "30s"})
    healed(actor)
    later(actor, MINUTE)
    assert actor.incident().episode_ended_at is not None
    actor.clock.advance(10 * MINUTE)
    actor.decide(WEB, ACTION)
    actor.turn()
    (verdict,) = [said for said in verdicts(actor) if said["gate"] == "breaker"]
    assert verdict["answer"] == "refuse"
    actor.journal.close()


def verdicts(actor: Actor) -> list[dict[str, str]]:
    rows = actor.journal.rows("SELECT gate, answer FROM verdicts WHERE incident_id = ?", actor.incident().id)
    return [dict(row) for row in rows]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_commit_of_the_correction_it_is_made_whole_and_once(tmp_path: pathlib.Path, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        actor = Actor(Host(tmp_path / str(number)))
        healed(actor)
        with contextlib.suppress(Killed), reaping(monkeypatch, Reaper(number, after=after)):
            returns(actor)
        actor = actor.restarted()
        returns(actor)
        assert learned(actor) == (0, 1, 1, -0.1)
        assert counted(actor) == {"global": 1, "service-restart/web": 1}
        actor.journal.close()


OUTCOMES = st.sampled_from(["succeeded", "succeeded", "warned", "failed"])


@given(st.lists(st.tuples(OUTCOMES, st.booleans()), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_what_is_learned_is_as_if_each_success_that_did_not_last_had_failed(story: list[tuple[Outcome, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        actor = Actor(Host(pathlib.Path(folder)))
        offset, successes, in_row = ledger.offset_of(actor.journal, ACTION), 0, 0
        for number, (outcome, comes_back) in enumerate(story):
            ended_at = actor.clock.now()
            with actor.journal.transaction() as db:
                assert take_probes(db, actor.journal, incident(WEB, id=f"i{number}"), ended_at)
                learn(db, actor.journal, actor.config, incident(WEB, id=f"i{number}"), (outcome, ended_at))
            later(actor, MINUTE)
            if comes_back:
                returns(actor)
                actor.prometheus.forget(WEB)
            failed = outcome in FAILURES or comes_back
            offset = moved(offset, "failed" if failed else outcome, ended_at)
            successes += outcome == "succeeded" and not comes_back
            in_row = in_row + 1 if failed else 0
            assert learned(actor) == (successes, number + 1, in_row, round(offset.value, 4))
            assert counted(actor).get("service-restart/web", 0) == in_row
            assert sum(trial.succeeded for trial in trials.latest(actor.journal)) == successes
            actor.clock.advance(25 * HOUR)
        actor.journal.close()
