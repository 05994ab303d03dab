"""Gate `quiet-time`: nobody is thrown out."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from actor.situation import GATES
from tests.actor.gates.situations import NOW, RUNNING, ask, config, incident, situation, surroundings


def at_it(severity: str = "warning", passes: tuple[str, ...] = (), **sessions: float | None) -> tuple[str, str]:
    about = situation(incident(severity=severity), config(limits={"critical_passes": list(passes)}), surroundings=surroundings(sessions=sessions))
    return ask("quiet-time", about)


def test_where_no_sessions_are_counted_nobody_is_disturbed() -> None:
    assert at_it() == ("allow", "nobody's sessions are disturbed")


def test_where_nobody_is_at_it_it_goes_on() -> None:
    assert at_it(web=0.0) == ("allow", "nobody is at it")


def test_people_at_it_are_waited_for_a_minute_at_a_time() -> None:
    verdict = GATES["quiet-time"].ask(situation(surroundings=surroundings(sessions={"web": 2.0})))
    assert (verdict.answer, verdict.reason, verdict.until) == ("defer", "in use: web", NOW + 60)


def test_people_at_a_service_that_needs_it_are_waited_for_too() -> None:
    assert at_it(db=0.0, web=1.0) == ("defer", "in use: web")


@pytest.mark.parametrize("unknown", [None, math.nan])
def test_what_nobody_can_tell_counts_as_in_use(unknown: float | None) -> None:
    assert at_it(web=unknown) == ("defer", "nothing tells whether it is in use: web")


def test_the_words_stay_the_same_however_many_are_at_it() -> None:
    assert at_it(web=1.0) == at_it(web=7.0)


def test_what_is_critical_passes_only_where_the_configuration_says_so() -> None:
    assert at_it("critical", web=1.0)[0] == "defer"
    assert at_it("critical", ("window",), web=1.0)[0] == "defer"
    assert at_it("warning", ("quiet-time",), web=1.0)[0] == "defer"
    assert at_it("critical", ("quiet-time",), web=1.0)[0] == "allow"
    assert at_it("critical", ("quiet-time",), web=None)[0] == "allow"


HOUR = 3600


def before_quiet(start: float | None, severity: str = "warning", problem: str = "memory_leak", **changes: Any) -> tuple[str, str]:
    about = situation(incident(severity=severity, problem=problem), surroundings=surroundings(quiet_from=start), **changes)
    return ask("quiet-time", about)


def test_what_can_wait_waits_for_the_quiet_window_of_the_day() -> None:
    verdict = GATES["quiet-time"].ask(situation(surroundings=surroundings(quiet_from=NOW + 5 * HOUR)))
    assert (verdict.answer, verdict.until) == ("defer", NOW + 5 * HOUR)
    assert verdict.reason == "it can wait for the service's quiet window, which begins at 2023-11-15T03:13:20Z"


def test_in_a_quiet_window_or_where_the_next_is_far_or_unknown_nothing_waits() -> None:
    assert before_quiet(None)[0] == "allow"
    assert before_quiet(NOW + 60)[0] == "allow"
    assert before_quiet(NOW + 25 * HOUR)[0] == "allow"


def test_what_is_critical_and_a_service_that_is_down_do_not_wait_for_a_quiet_window() -> None:
    assert before_quiet(NOW + HOUR)[0] == "defer"
    assert before_quiet(NOW + HOUR, severity="critical")[0] == "allow"
    assert before_quiet(NOW + HOUR, problem="service_down")[0] == "allow"
    assert before_quiet(NOW + HOUR, unit_state=msgspec.structs.replace(RUNNING, active=False))[0] == "allow"
