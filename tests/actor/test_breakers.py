"""Breakers over restarts, crashes and clocks that are set, against a model that counts for itself; the arithmetic of opening and closing."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actor.breakers import GLOBAL, after, closed, stricter, tripped
from actor.journal import incidents, ledger
from actor.learn import learn, reset_breakers, take_probes, trip
from actor.model import Breaker, Decided
from actor.timekeeper import follow_clock
from homeostat.words import FAILURES
from tests.actor.gates.situations import ask, config, incident, situation
from tests.actor.web import AS_OPERATOR, pages_of
from tests.support import DAY, HOUR, NOW, WEB, Actor, Host, playbook

if TYPE_CHECKING:
    from actor.model import Incident
    from homeostat.words import Outcome

TARGETS = ("web", "db")
PAIR_MOST = 24
CONFIG = config()


def fail(breaker: Breaker) -> Breaker:
    return after(breaker, CONFIG, failed=True, now=NOW)


def test_two_failures_open_a_pair_for_an_hour_and_three_open_everything_for_a_day() -> None:
    pair = closed("a/t")
    assert fail(pair).open_until is None
    assert fail(fail(pair)).open_until == NOW + HOUR
    everything = closed(GLOBAL)
    assert fail(fail(everything)).open_until is None
    assert fail(fail(fail(everything))).open_until == NOW + DAY


def test_each_failed_probe_doubles_the_pause_of_a_pair_up_to_a_day() -> None:
    opened, pauses = fail(closed("a/t")), []
    for _ in range(8):
        opened = fail(opened)
        assert opened.open_until is not None
        pauses.append((opened.open_until - NOW) / HOUR)
    assert pauses == [1, 2, 4, 8, 16, 24, 24, 24]


def test_a_failed_probe_opens_it_again_however_few_failures_it_counts() -> None:
    lenient = config(limits={"breaker": {"pair_failures": 9}})
    probed = after(Breaker(scope="a/t", failures=1, open_until=NOW, openings=1, probe="i1"), lenient, failed=True, now=NOW)
    assert probed == Breaker(scope="a/t", failures=2, open_until=NOW + 2 * HOUR, openings=2)


def test_a_probe_that_works_closes_it_and_forgets() -> None:
    opened = fail(fail(fail(closed("a/t"))))
    assert after(opened, CONFIG, failed=False, now=NOW) == closed("a/t")


@given(st.lists(st.booleans(), max_size=40))
@settings(deadline=None)
def test_a_breaker_is_open_exactly_when_the_last_failures_in_a_row_are_enough(results: list[bool]) -> None:
    state = closed(GLOBAL)
    for failed in results:
        state = after(state, CONFIG, failed=failed, now=NOW)
    in_row = len(results) - max((number + 1 for number, failed in enumerate(results) if not failed), default=0)
    assert (state.open_until is not None) == (in_row >= 3)
    assert state.failures == in_row


def test_a_breaker_that_was_opened_a_thousand_times_still_counts() -> None:
    state = fail(Breaker(scope="a/t", failures=5000, open_until=None, openings=5000))
    assert state.open_until == NOW + DAY
    assert math.isfinite(state.open_until)


def test_one_that_is_tripped_opens_at_once() -> None:
    assert tripped(closed("a/t"), CONFIG, NOW) == Breaker(scope="a/t", failures=0, open_until=NOW + HOUR, openings=1)


def test_the_stricter_of_two_accounts_counts() -> None:
    shut, wide = closed("a/t"), Breaker(scope="a/t", failures=2, open_until=NOW, openings=1)
    assert stricter(shut, wide) == stricter(wide, shut) == wide


def test_whoever_finds_a_reason_trips_the_pair_at_once(actor: Actor) -> None:
    with actor.journal.transaction() as db:
        trip(db, actor.journal, actor.config, incident(WEB), NOW)
    assert ask("breaker", situation(breakers=ledger.breakers(actor.journal)))[0] == "refuse"


def decided(about: Incident) -> Decided:
    return Decided(key=about.key, action=about.action, risk="low", decision="auto-execute", severity="warning", confidence=0.95)


def test_the_api_says_of_a_half_open_breaker_what_its_probe_is(actor: Actor) -> None:
    with actor.journal.transaction() as db:
        ledger.put_breaker(db, Breaker(scope="service-restart/web", failures=2, open_until=actor.clock.now() - 1, openings=1, probe="i7"))
        ledger.put_breaker(db, closed(GLOBAL))
    (told,) = pages_of(actor).client.get("/api/v1/status", headers=AS_OPERATOR).json["open_breakers"]
    assert (told["scope"], told["standing"], told["probe"]) == ("service-restart/web", "half-open", "i7")
    assert pages_of(actor).client.post("/api/v1/breakers/reset", headers=AS_OPERATOR).status_code == 200
    assert pages_of(actor).client.get("/api/v1/status", headers=AS_OPERATOR).json["open_breakers"] == []


@dataclasses.dataclass
class Scope:
    """What the model knows of one breaker: failures in a row, hours it was last opened for, hours since, and whether a probe is out."""

    most: int
    doubles: bool
    in_row: int = 0
    open_hours: int = 0
    since: int = 0
    probe: str | None = None

    def lets(self) -> bool:
        return self.open_hours == 0 or (self.since >= self.open_hours and self.probe is None)

    def begin(self, run: str) -> None:
        if self.open_hours:
            self.probe = run

    def end(self, run: str, failed: bool) -> None:
        if not failed:
            if self.open_hours == 0 or self.probe == run:
                self.in_row, self.open_hours, self.probe = 0, 0, None
            return
        self.in_row += 1
        self.probe = None
        if self.in_row >= self.most:
            longer = min(PAIR_MOST, 2 * self.open_hours) if self.open_hours else 1
            self.open_hours, self.since = (longer if self.doubles else 24), 0


class Twin:
    """An actor's journal, and the model of what it should say, led through the same life."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.actor = Actor(Host(folder))
        self.runs = 0
        self.forget()
        self.running: dict[str, Incident] = {}
        follow_clock(self.actor.world)

    def forget(self) -> None:
        self.model = {GLOBAL: Scope(3, doubles=False), **{f"service-restart/{target}": Scope(2, doubles=True) for target in TARGETS}}

    def scopes(self, target: str) -> list[Scope]:
        return [self.model[GLOBAL], self.model[f"service-restart/{target}"]]

    def answer(self, target: str) -> str:
        about = incident(WEB._replace(target=target), id="asks")
        return ask("breaker", situation(about, now=self.actor.clock.now(), breakers=ledger.breakers(self.actor.journal)))[0]

    def agree(self) -> None:
        for target in TARGETS:
            assert (self.answer(target) == "allow") == all(scope.lets() for scope in self.scopes(target)), (target, self.model)

    def begin(self, target: str) -> None:
        self.runs += 1
        about, now = incident(WEB._replace(target=target, resource=f"memory{self.runs}"), id=f"i{self.runs}"), self.actor.clock.now()
        allowed = all(scope.lets() for scope in self.scopes(target))
        with self.actor.journal.transaction() as db:
            incidents.open_incident(db, about.id, decided(about), (now, now))
            assert take_probes(db, self.actor.journal, about, now) == allowed
            if allowed:
                ledger.begin(db, about, playbook("service-restart"), now)
        if allowed:
            self.running[about.id] = about
            for scope in self.scopes(target):
                scope.begin(about.id)

    def end(self, outcome: Outcome) -> None:
        if not self.running:
            return
        run, about = self.running.popitem()
        with self.actor.journal.transaction() as db:
            learn(db, self.actor.journal, self.actor.config, about, (outcome, self.actor.clock.now()))
        for scope in self.scopes(about.target):
            scope.end(run, outcome in FAILURES)

    def crash(self) -> None:
        self.actor = self.actor.restarted()
        follow_clock(self.actor.world)
        while self.running:
            self.end("interrupted")

    def withdraw(self) -> None:
        if not self.running:
            return
        run, about = self.running.popitem()
        with self.actor.journal.transaction() as db:
            ledger.withdraw(db, about)
        for scope in self.scopes(about.target):
            scope.probe = None if scope.probe == run else scope.probe

    def wait(self, hours: int) -> None:
        self.actor.clock.advance(hours * HOUR)
        follow_clock(self.actor.world)
        for scope in self.model.values():
            scope.since += hours

    def set_clock(self, days: int) -> None:
        self.actor.clock.jump(days * DAY)
        follow_clock(self.actor.world)

    def reset(self) -> None:
        with self.actor.journal.transaction() as db:
            reset_breakers(db)
        self.forget()


DEEDS = st.one_of(
    st.tuples(st.just("begin"), st.sampled_from(TARGETS)),
    st.tuples(st.just("end"), st.sampled_from(["failed", "failed", "succeeded", "warned", "rolled_back", "unverified"])),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 2, 5, 24])),
    st.tuples(st.just("set_clock"), st.sampled_from([-400, -1, 1, 400])),
    st.tuples(st.sampled_from(["crash", "withdraw", "reset"])),
)


@given(st.lists(DEEDS, max_size=40))
@settings(max_examples=30, deadline=None)
def test_whatever_happens_a_breaker_lets_through_what_a_count_of_its_own_would(deeds: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        twin = Twin(pathlib.Path(folder))
        for name, *values in deeds:
            getattr(twin, name)(*values)
            twin.agree()
        twin.actor.journal.close()


ROUND = st.tuples(st.sampled_from(["failed", "failed", "succeeded"]), st.sampled_from([0, 1, 2, 24]), st.sampled_from(["end", "withdraw", "crash"]))


@given(st.lists(ROUND, min_size=6, max_size=16))
@settings(max_examples=12, deadline=None)
def test_one_run_after_another_opens_probes_and_closes_as_a_count_of_its_own_would(rounds: list[tuple[Outcome, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        twin = Twin(pathlib.Path(folder))
        for outcome, hours, then in rounds:
            for target in ("web", "web", "db"):
                twin.begin(target)
            twin.agree()
            twin.end(outcome)
            twin.end("failed") if then == "end" else getattr(twin, then)()
            twin.agree()
            twin.wait(hours)
            twin.agree()
        twin.actor.journal.close()


def test_a_probe_that_had_no_effect_leaves_its_turn_to_the_next(tmp_path: pathlib.Path) -> None:
    twin = Twin(tmp_path)
    for _ in range(2):
        twin.begin("web")
        twin.end("failed")
    twin.wait(1)
    twin.begin("web")
    assert twin.answer("web") == "refuse"
    twin.withdraw()
    assert twin.answer("web") == "allow"
    twin.actor.journal.close()


@pytest.mark.parametrize("days", [-400, -1])
def test_a_clock_that_was_set_back_while_nobody_ran_neither_opens_the_way_nor_closes_it_for_ever(host: Host, days: int) -> None:
    twin = Twin(host.folder)
    for _ in range(2):
        twin.begin("web")
        with twin.actor.journal.transaction() as db:
            ledger.end(db, f"i{twin.runs}", "failed", twin.actor.clock.now())
        twin.end("failed")
    twin.actor.clock.jump(days * DAY)
    twin.crash()
    twin.agree()
    assert twin.answer("web") == "refuse"
    twin.wait(1)
    assert twin.answer("web") == "allow"
    twin.actor.journal.close()
