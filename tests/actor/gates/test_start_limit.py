"""Gate `start-limit`: a restart is never the one too many."""

from __future__ import annotations

import msgspec
import pytest

from actor.model import StartLimit
from actor.situation import GATES
from tests.actor.gates.situations import DISK, NOW, RUNNING, ask, incident, run, situation, surroundings

FIVE_IN_TEN = StartLimit(burst=5, within_seconds=10.0, unchanged_seconds=1.0)


def started(times: int | None, limit: StartLimit = FIVE_IN_TEN, own: int = 0) -> tuple[str, str]:
    state = msgspec.structs.replace(RUNNING, start_limit=limit)
    ran = tuple(run(NOW - 1 - number, NOW - 1) for number in range(own))
    return ask("start-limit", situation(unit_state=state, surroundings=surroundings(starts=times), executions=ran))


def test_a_unit_that_rested_may_be_started() -> None:
    assert started(0) == ("allow", "its start limit is far enough")


@pytest.mark.parametrize(("burst", "most"), [(1, 0), (2, 0), (3, 1), (5, 3), (20, 18)])
def test_the_last_start_is_left_to_systemd(burst: int, most: int) -> None:
    limit = msgspec.structs.replace(FIVE_IN_TEN, burst=burst)
    assert started(most, limit)[0] == "allow"
    assert started(most + 1, limit) == ("defer", f"another start would come too near its limit of {burst} in 10 s")


def test_it_is_asked_again_when_the_limits_time_is_over() -> None:
    state = msgspec.structs.replace(RUNNING, start_limit=FIVE_IN_TEN)
    verdict = GATES["start-limit"].ask(situation(unit_state=state, surroundings=surroundings(starts=4)))
    assert verdict.until == NOW + 10


def test_own_restarts_count_where_systemd_tells_of_fewer() -> None:
    assert started(1, own=3)[0] == "allow"
    assert started(1, own=4)[0] == "defer"
    assert started(3, own=3)[0] == "allow"


def test_what_was_only_looked_into_was_not_restarted() -> None:
    state = msgspec.structs.replace(RUNNING, start_limit=FIVE_IN_TEN)
    looked = tuple(run(NOW - 1 - number, NOW - 1, action="investigate", action_class="read") for number in range(4))
    assert ask("start-limit", situation(unit_state=state, surroundings=surroundings(starts=1), executions=looked))[0] == "allow"


def test_a_limit_for_ever_is_a_no_until_the_next_boot() -> None:
    assert started(4, msgspec.structs.replace(FIVE_IN_TEN, within_seconds=None)) == ("refuse", "it may be started only 5 times until the next boot")


def test_what_nobody_counted_is_a_no() -> None:
    assert started(None) == ("refuse", "nothing tells how often it was started within its start limit")


def test_a_manager_that_does_not_answer_is_a_no() -> None:
    assert ask("start-limit", situation(unit_state=None)) == ("refuse", "the manager does not say how the service is")


def test_where_there_is_no_limit_or_no_service_there_is_nothing_to_hit() -> None:
    assert ask("start-limit", situation()) == ("allow", "it has no start limit")
    assert ask("start-limit", situation(incident(DISK), unit_state=None)) == ("allow", "no service is touched")
