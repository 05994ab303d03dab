"""Learning: a record with a prior, an offset that is bounded and decays, breakers that double, and which action answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actor.journal import incidents, ledger
from actor.journal.ledger import Offset
from actor.learn import decayed, learn, moved, record_with_import, success_ratio
from actor.model import Decided
from homeostat.words import EXECUTED, FAILURES
from tests.actor.gates.situations import incident
from tests.support import DAY, HOUR, NOW, WEB, Actor, Host, configured

if TYPE_CHECKING:
    from homeostat.words import Outcome

OUTCOMES = st.sampled_from(EXECUTED)
TIMES = st.floats(min_value=NOW - 400 * DAY, max_value=NOW + 400 * DAY)


def offset(value: float = 0.0, moved_at: float = NOW) -> Offset:
    return Offset(action="a", value=value, moved_at=moved_at)


def test_a_new_action_starts_at_a_half_and_earns_the_rest() -> None:
    assert success_ratio(0, 0) == 0.5
    assert success_ratio(1, 1) == 0.75
    assert success_ratio(12, 12) == 12.5 / 13
    assert success_ratio(0, 3) == 0.125


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_record_never_says_certain(successes: int, failures: int) -> None:
    assert 0 < success_ratio(successes, successes + failures) < 1


@pytest.mark.parametrize(("outcome", "step"), [("succeeded", 0.05), ("warned", 0.02), *[(outcome, -0.10) for outcome in FAILURES]])
def test_each_outcome_moves_the_offset_by_its_step(outcome: Outcome, step: float) -> None:
    assert moved(offset(-0.2), outcome, NOW).value == pytest.approx(-0.2 + step)


@given(st.lists(st.tuples(OUTCOMES, TIMES), max_size=60))
def test_the_offset_stays_within_its_bounds_whatever_happens_when(events: list[tuple[Outcome, float]]) -> None:
    learned = offset()
    for outcome, at in events:
        learned = moved(learned, outcome, at)
        assert -0.30 <= learned.value <= 0.05
        assert -0.30 <= decayed(learned, at + DAY) <= 0.05


@given(st.floats(min_value=-0.3, max_value=0.05), st.lists(st.floats(min_value=0, max_value=100 * DAY), max_size=8))
def test_an_offset_only_ever_shrinks_with_time(value: float, waits: list[float]) -> None:
    at, last = NOW, abs(value)
    for wait in waits:
        at += wait
        now = abs(decayed(offset(value), at))
        assert now <= last
        last = now


def test_an_offset_halves_in_thirty_days() -> None:
    assert decayed(offset(-0.2), NOW + 30 * DAY) == pytest.approx(-0.1)


@given(st.floats(min_value=0, max_value=10 * 365 * DAY))
def test_a_clock_that_was_set_back_does_not_revive_an_offset(back: float) -> None:
    assert decayed(offset(-0.2), NOW - back) == -0.2


def ended(actor: Actor, outcome: Outcome, target: str = "web", action: str = "service-restart", at: float = NOW) -> None:
    with actor.journal.transaction() as db:
        learn(db, actor.journal, actor.config, incident(WEB, target=target, action=action), (outcome, at))


def test_an_execution_is_a_trial_and_only_a_verified_one_a_success(actor: Actor) -> None:
    for outcome in EXECUTED:
        ended(actor, outcome)
    record = ledger.record_of(actor.journal, "service-restart")
    assert (record.successes, record.trials) == (1, len(EXECUTED))


def test_the_record_of_an_action_is_over_all_its_targets(actor: Actor) -> None:
    ended(actor, "succeeded", "web")
    ended(actor, "failed", "db")
    record = ledger.record_of(actor.journal, "service-restart")
    assert (record.successes, record.trials) == (1, 2)


def test_failures_in_a_row_end_with_a_success(actor: Actor) -> None:
    rows = []
    for outcome in ("failed", "stranded", "succeeded", "interrupted"):
        ended(actor, outcome)
        rows.append(ledger.record_of(actor.journal, "service-restart").failures_in_row)
    assert rows == [1, 2, 0, 1]


def test_a_failure_counts_for_its_pair_and_for_everything(actor: Actor) -> None:
    ended(actor, "failed", "web")
    ended(actor, "failed", "db")
    assert {state.scope: state.failures for state in ledger.breakers(actor.journal)} == {"global": 2, "service-restart/web": 1, "service-restart/db": 1}


def test_an_imported_record_is_added_under_its_name(actor: Actor) -> None:
    imported = {"source": "the old host", "successes": 9, "trials": 10}
    settings = configured(actor.host.settings(), autonomy={"actions": {"service-restart": {"imported_record": imported}}})
    ended(actor, "succeeded")
    assert record_with_import(actor.journal, settings, actor.world.playbooks["service-restart"]) == (10, 11)
    assert record_with_import(actor.journal, actor.config, actor.world.playbooks["service-restart"]) == (1, 1)


def episode(actor: Actor, number: int) -> tuple[str | None, str]:
    """Let an hour pass and the same service leak anew."""
    actor.clock.advance(HOUR + 1)
    actor.decide(WEB._replace(resource=f"memory{number}"), "service-restart")
    actor.turn()
    return actor.incident().outcome, actor.incident().reason


def test_two_failures_close_the_way_until_one_probe_is_let_through_and_works(host: Host) -> None:
    actor = Actor(host, limits={"breaker": {"pair_open": "3h"}})
    (host.service / "refuses").touch()
    assert [episode(actor, number)[0] for number in range(2)] == ["failed", "failed"]
    outcome, reason = episode(actor, 2)
    assert outcome == "refused"
    assert reason.startswith("breaker: the breaker service-restart/web is open until ")
    (host.service / "refuses").unlink()
    actor.clock.advance(2 * HOUR)
    assert episode(actor, 3)[0] == "succeeded"
    assert host.restarts() == 1
    assert all(state.open_until is None for state in ledger.breakers(actor.journal))


def test_nothing_is_learned_of_what_was_not_executed(actor: Actor) -> None:
    with actor.journal.transaction() as db:
        decided = Decided(key=WEB, action="service-restart", risk="low", decision="auto-execute", severity="warning", confidence=0.9)
        incidents.open_incident(db, "i9", decided, (NOW, NOW))
    actor.stop()
    actor.turn()
    assert ledger.record_of(actor.journal, "service-restart").trials == 0
    assert ledger.breakers(actor.journal) == ()
