"""What managers tell of services becomes metrics, problems and events; what a person stopped is none of these."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exporter.observation import Looking, Sight
from exporter.observers.services import OBSERVER
from homeostat.config import Config
from homeostat.config.catalogue import Service
from homeostat.units.states import State, States

NOW = 1_000_000.0
UP = State(state="active", result="success", since=NOW - 500, invocation="a", memory_bytes=2048, wanted=True)
STOPPED = State(state="inactive", result="success", since=NOW - 5, invocation="a", wanted=True)


def config() -> Config:
    redis = Service(manager="systemd", unit="redis.service")
    return Config(host="nas", services={"redis": redis, "auth": Service(manager="systemd", unit="auth.service", depends_on=("redis",))})


def read(memory: Any = None, now: float = NOW, **services: State | str) -> Sight:
    seen = {name: state for name, state in services.items() if isinstance(state, State)}
    unseen = {name: why for name, why in services.items() if isinstance(why, str)}
    return OBSERVER.read(States(services=seen, unseen=unseen, failed_units=2), Looking(config(), now, memory))


def state(**changed: Any) -> State:
    return State(**{field: getattr(UP, field) for field in UP.__struct_fields__} | changed)


def samples(sight: Sight) -> dict[tuple[str, ...], float]:
    return {(metric.name, *metric.labels.values()): metric.value for metric in sight.metrics}


def words(sight: Sight) -> list[tuple[str, str]]:
    return [(trouble.target, trouble.words) for trouble in sight.troubles]


def test_a_service_that_runs_is_told_with_all_that_is_known_of_it() -> None:
    told = samples(read(redis=state(restarts=4, health="healthy")))
    assert told[("service_up", "redis")] == 1
    assert [name[2] for name, value in told.items() if name[0] == "service_state" and value] == ["active"]
    assert told[("service_restarts_total", "redis")] == 4
    assert told[("service_memory_bytes", "redis")] == 2048
    assert told[("service_healthy", "redis")] == 1
    assert told[("failed_units",)] == 2


def test_a_service_that_cannot_be_asked_is_said_to_be_unobserved_and_nothing_else() -> None:
    sight = read(redis="no systemd runs for 'ann'")
    assert samples(sight) == {("service_observed", "redis"): 0, ("failed_units",): 2}
    assert sight.troubles == ()


def test_a_service_that_failed_is_down_for_certain() -> None:
    (trouble,) = read(redis=state(state="failed", result="exit-code")).troubles
    assert (trouble.problem, trouble.target, trouble.resource, trouble.confidence, trouble.severity) == ("service_down", "redis", "service", 1.0, "critical")
    assert trouble.words == "it failed: exit-code"


@pytest.mark.parametrize(
    "stopped",
    [
        STOPPED,
        state(state="failed", result="exit-code", ended="stopped"),
        state(state="inactive", wanted=False),
        state(state="masked"),
        state(state="missing", wanted=False),
        state(state="activating"),
    ],
    ids=["stopped by a person", "stopped by a person and killed", "not enabled", "masked", "not there", "coming up"],
)
def test_what_is_not_up_for_a_reason_is_no_problem(stopped: State) -> None:
    sight = read(redis=stopped)
    assert samples(sight)[("service_up", "redis")] == 0
    assert sight.troubles == ()


def test_an_enabled_service_whose_requirement_did_not_start_is_down_and_one_that_nobody_started_is_not() -> None:
    told = words(read(redis=state(state="inactive", invocation="", ended="unstarted")))
    assert told == [("redis", "it is enabled, and could not be started because what its unit requires did not start")]
    assert read(redis=state(state="inactive", invocation="")).troubles == ()


def test_an_enabled_service_that_ended_by_itself_is_down() -> None:
    assert words(read(redis=state(state="inactive", ended="itself"))) == [("redis", "it is enabled, and ended by itself without an error")]
    assert read(redis=state(state="inactive", ended="itself", wanted=False)).troubles == ()


def test_a_service_that_stopped_with_what_it_needs_is_down_too() -> None:
    assert words(read(redis=state(state="failed", result="oom-kill"), auth=STOPPED)) == [
        ("redis", "it failed: oom-kill"),
        ("auth", "it does not run, and redis, which it needs, failed"),
    ]
    assert words(read(redis=STOPPED, auth=STOPPED)) == []


def test_a_container_that_systemd_calls_active_and_podman_unhealthy_is_down() -> None:
    sight = read(redis=state(health="unhealthy"))
    assert samples(sight)[("service_up", "redis")] == 1
    assert words(sight) == [("redis", "it runs, and the health check of its container fails")]
    assert read(redis=state(health="starting")).troubles == ()


def test_restarts_in_a_loop_are_a_problem_until_they_have_ended() -> None:
    sight, now = read(redis=state(restarts=7)), NOW
    assert sight.troubles == ()
    for restarts in (8, 9):
        now += 60
        sight = read(sight.memory, now, redis=state(restarts=restarts, invocation=str(restarts)))
        assert sight.troubles == ()
    sight = read(sight.memory, now + 60, redis=state(restarts=10, invocation="10"))
    assert words(sight) == [("redis", "its manager started it again 3 times within 10m")]
    assert read(sight.memory, now + 700, redis=state(restarts=10, invocation="10")).troubles == ()


def test_a_restart_and_a_failure_are_events_and_the_first_look_has_none() -> None:
    first = read(redis=UP)
    assert first.events == ()
    second = read(first.memory, redis=state(invocation="b", since=NOW - 3))
    assert [(event.at, event.kind, event.words) for event in second.events] == [(NOW - 3, "restart", "redis was started again")]
    third = read(second.memory, redis=state(state="failed", result="signal", invocation="b", since=NOW - 1))
    assert [(event.kind, event.words) for event in third.events][1:] == [("failure", "redis failed: signal")]
    assert read(third.memory, redis=state(state="failed", result="signal", invocation="b", since=NOW - 1)).events == third.events
    assert read(third.memory, NOW + 90_000, redis=UP).events[:-1] == ()


def test_what_is_remembered_outlives_a_look_that_does_not_see() -> None:
    first = read(redis=UP)
    blind = read(first.memory, redis="systemd does not answer")
    assert [event.kind for event in read(blind.memory, redis=state(invocation="b")).events] == ["restart"]


def looped(now: float = NOW) -> Any:
    """Return what is remembered of redis right after its manager started it three times within a minute."""
    first = read(None, now - 60, redis=UP)
    sight = read(first.memory, now, redis=state(restarts=3, invocation="d"))
    assert words(sight) == [("redis", "its manager started it again 3 times within 10m")]
    return sight.memory


def test_a_loop_that_somebody_ended_by_stopping_or_starting_it_is_no_problem_any_more() -> None:
    assert read(looped(), NOW + 60, redis=state(state="inactive", restarts=3, invocation="d", ended="stopped")).troubles == ()
    assert read(looped(), NOW + 60, redis=state(state="failed", restarts=3, invocation="d", ended="stopped")).troubles == ()
    assert read(looped(), NOW + 60, redis=state(restarts=0, invocation="e")).troubles == ()


def test_restarts_that_nobody_looked_at_are_no_loop() -> None:
    first = read(redis=UP)
    later = read(first.memory, NOW + 86_400, redis=state(restarts=3, invocation="d"))
    assert later.troubles == ()
    unseen = read(first.memory, NOW + 60, redis="systemd does not answer")
    assert read(unseen.memory, NOW + 3600, redis=state(restarts=3, invocation="d")).troubles == ()


def test_a_loop_before_the_clock_was_set_back_is_over_in_its_time() -> None:
    memory = looped(NOW + 365 * 86_400)
    sight = read(memory, NOW, redis=state(restarts=3, invocation="d"))
    assert read(sight.memory, NOW + 601, redis=state(restarts=3, invocation="d")).troubles == ()


def test_that_somebody_stopped_it_is_remembered_when_the_journal_has_forgotten_it() -> None:
    stopped = read(redis=state(state="failed", result="exit-code", ended="stopped"))
    forgotten = read(stopped.memory, NOW + 60, redis=state(state="failed", result="exit-code"))
    assert (forgotten.troubles, forgotten.events) == ((), ())
    assert read(forgotten.memory, NOW + 120, redis=state(state="failed", result="exit-code")).troubles == ()
    assert len(read(forgotten.memory, NOW + 120, redis=state(state="failed", result="exit-code", invocation="b")).troubles) == 1


def test_what_somebody_stopped_long_before_something_that_it_needs_failed_stays_stopped() -> None:
    failed, stopped = state(state="failed", result="oom-kill", since=NOW - 60), state(state="inactive", ended="stopped", since=NOW - 86_400)
    assert [target for target, _ in words(read(redis=failed, auth=stopped))] == ["redis"]
    assert [target for target, _ in words(read(redis=failed, auth=state(state="inactive", ended="stopped", since=NOW - 58)))] == ["redis", "auth"]


def downtime(sight: Sight) -> float:
    return samples(sight)[("service_unplanned_downtime_seconds_total", "redis")]


def test_downtime_counts_from_when_the_service_failed_until_it_ran_again_whenever_somebody_looked() -> None:
    first = read(redis=UP)
    assert downtime(first) == 0
    failed = state(state="failed", result="exit-code", since=NOW + 5)
    second = read(first.memory, NOW + 15, redis=failed)
    assert downtime(second) == 10
    # An hour without an exporter: systemd knows since when it is so.
    third = read(second.memory, NOW + 3615, redis=failed)
    assert downtime(third) == 3610
    again = read(third.memory, NOW + 3630, redis=state(invocation="b", since=NOW + 3620))
    assert downtime(again) == 3615
    assert downtime(read(again.memory, NOW + 7200, redis=state(invocation="b", since=NOW + 3620))) == 3615


@pytest.mark.parametrize(
    "asleep",
    [STOPPED, state(state="failed", result="exit-code", ended="stopped"), state(state="masked"), state(state="activating")],
    ids=["stopped by a person", "stopped by a person and killed", "masked", "coming up"],
)
def test_time_in_which_somebody_keeps_a_service_down_is_no_unplanned_downtime(asleep: State) -> None:
    first = read(redis=UP)
    second = read(first.memory, NOW + 60, redis=asleep)
    assert downtime(read(second.memory, NOW + 120, redis=asleep)) == 0


def test_a_clock_that_was_set_back_takes_no_downtime_away() -> None:
    failed = state(state="failed", result="exit-code", since=NOW - 10)
    second = read(read(redis=UP).memory, NOW + 30, redis=failed)
    assert downtime(second) == 30
    assert downtime(read(second.memory, NOW - 500, redis=failed)) == 30


def test_a_service_that_runs_and_is_sick_is_not_down() -> None:
    first = read(redis=state(health="unhealthy"))
    assert first.troubles
    assert downtime(read(first.memory, NOW + 60, redis=state(health="unhealthy"))) == 0


def test_what_was_remembered_before_downtime_was_counted_is_still_known() -> None:
    old = {"services": {"redis": {"invocation": "a", "seen_at": NOW - 15}}}
    memory = msgspec.convert(old, OBSERVER.memory)
    assert downtime(read(memory, redis=state(state="failed", result="exit-code", since=NOW - 5))) == 5
