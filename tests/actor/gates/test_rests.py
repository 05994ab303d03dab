"""What holds for every rest, whatever the clock does: it never ends early, and it does end."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actor.journal import incidents, ledger
from actor.model import Breaker, Decided
from actor.situation import GATES
from actor.timekeeper import follow_clock
from tests.actor.gates.situations import NOW, config, incident, playbook, run, situation
from tests.support import DAY, HOUR, WEB, Actor, Host

if TYPE_CHECKING:
    from actor.model import Situation

RESTART = playbook("service-restart")
REST = float(RESTART.file.cooldown)
TIMES = st.floats(min_value=NOW - 30 * DAY, max_value=NOW + 30 * DAY)
RUNS = st.lists(st.tuples(TIMES, st.floats(min_value=0, max_value=600)), max_size=12)
# A step below a second is drift, which nobody follows.
STEPS = st.floats(min_value=-40 * DAY, max_value=40 * DAY).filter(lambda step: abs(step) > 2)
EVENTS = st.lists(st.tuples(st.sampled_from(["passes", "is set", "restarts"]), st.floats(min_value=0, max_value=900), STEPS), max_size=8)


def answers(gate: str, about: Situation) -> str:
    return GATES[gate].ask(about).answer


@given(RUNS)
def test_cooldown_allows_nothing_inside_the_rest_and_asks_again_exactly_at_its_end(runs: list[tuple[float, float]]) -> None:
    executions = tuple(run(start, start + length) for start, length in runs)
    verdict = GATES["cooldown"].ask(situation(executions=executions))
    assert (verdict.answer == "allow") == all(NOW - (start + length) >= REST for start, length in runs)
    assert verdict.until is None or NOW < verdict.until <= NOW + REST


@given(RUNS)
def test_budget_never_lets_more_run_than_its_windows_hold(runs: list[tuple[float, float]]) -> None:
    executions = tuple(run(start, start + length) for start, length in runs)
    if answers("budget", situation(executions=executions)) != "allow":
        return
    started = [start for start, _ in runs]
    assert sum(NOW - start < HOUR for start in started) < 1
    assert sum(NOW - start < DAY for start in started) < 3


@given(RUNS)
def test_what_budget_defers_has_room_when_it_is_asked_again(runs: list[tuple[float, float]]) -> None:
    asked = situation(executions=tuple(run(min(start, NOW), min(start, NOW) + length) for start, length in runs))
    for _ in range(8):
        verdict = GATES["budget"].ask(asked)
        if verdict.answer == "allow":
            return
        assert verdict.until is not None
        assert verdict.until >= asked.now
        asked = dataclasses.replace(asked, now=verdict.until + 0.001)
    pytest.fail("it is deferred again and again")


@given(TIMES, st.sampled_from(["global", "service-restart/web"]))
def test_no_breaker_lets_anything_through_before_its_time(until: float, scope: str) -> None:
    breakers = (Breaker(scope=scope, failures=3, open_until=until, openings=1),)
    assert (answers("breaker", situation(breakers=breakers)) == "allow") == (until <= NOW)


@given(TIMES)
def test_age_allows_nothing_that_was_not_heard_of_within_its_limit(heard_at: float) -> None:
    assert (answers("age", situation(incident(last_firing_at=heard_at))) == "allow") == (abs(NOW - heard_at) <= 900)


class Resting:
    """An actor whose action has just ended and whose breaker has just opened, and the steady time since."""

    def __init__(self, folder: str) -> None:
        self.actor = Actor(Host(pathlib.Path(folder)))
        follow_clock(self.actor.world)
        now = self.actor.clock.now()
        ran = incident(WEB, id="ran")
        decided = Decided(key=WEB, action="service-restart", risk="low", decision="auto-execute", severity="warning", confidence=0.95)
        with self.actor.journal.transaction() as db:
            incidents.open_incident(db, "ran", decided, (now, now))
            ledger.begin(db, ran, RESTART, now)
            ledger.end(db, "ran", "failed", now)
            ledger.put_breaker(db, Breaker(scope="global", failures=3, open_until=now + HOUR, openings=1))
            incidents.move(db, ran, "deferred", "cooldown", now + REST)
        self.began = self.actor.clock.monotonic()

    def live(self, what: str, seconds: float, step: float) -> None:
        if what == "passes":
            self.actor.clock.advance(seconds)
        elif what == "is set":
            self.actor.clock.jump(step)
        else:
            # Over a restart only a clock set back can be told from time that passed.
            self.actor = self.actor.restarted()
            self.actor.clock.jump(-abs(step))
        follow_clock(self.actor.world)

    def rested_seconds(self) -> float:
        return self.actor.clock.monotonic() - self.began

    def allows(self, gate: str) -> bool:
        """Ask a gate about the next episode."""
        journal, now = self.actor.journal, self.actor.clock.now()
        seen = situation(settings=config(), now=now, executions=ledger.executions(journal, 0.0), breakers=ledger.breakers(journal))
        return answers(gate, seen) == "allow"

    def is_due(self) -> bool:
        return bool(incidents.due(self.actor.journal, self.actor.clock.now()))


@given(EVENTS)
@settings(max_examples=15, deadline=None)
def test_no_rest_ends_early_and_none_lasts_for_ever_however_the_clock_is_set(events: list[tuple[str, float, float]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        resting = Resting(folder)
        for event in events:
            resting.live(*event)
            if resting.rested_seconds() < REST - 1:
                assert not resting.allows("cooldown")
            if resting.rested_seconds() < HOUR - 1:
                assert not resting.allows("budget")
                assert not resting.allows("breaker")
        resting.live("passes", HOUR + 1, 0)
        assert resting.allows("cooldown")
        assert resting.allows("budget")
        assert resting.allows("breaker")
        assert resting.is_due()
        resting.actor.journal.close()
