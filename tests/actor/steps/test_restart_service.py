"""Step `restart-service` through the `command` manager: a real program, restarted once, told by its InvocationID."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.model import Command, StepFailed
from actor.playbook import STEPS
from actor.steps.restart_service import Options
from homeostat.clock import SystemClock
from tests.actor.cases import case, reconfigured

if TYPE_CHECKING:
    from tests.support import Host

STEP = STEPS["restart-service"]


def plan(host: Host) -> Command:
    (command,) = STEP.plan(STEP.gather(case(host, "web"), Options()), Options())
    return command


def test_it_restarts_once_and_the_oracle_sees_it(host: Host) -> None:
    command, about = plan(host), case(host, "web")
    assert STEP.oracle(about, command) == "none"
    assert STEP.perform(about, command)["status"] == 0
    assert STEP.oracle(about, command) == "done"
    assert host.restarts() == 1


def test_a_restart_that_fails_says_what_was_seen(host: Host) -> None:
    (host.service / "refuses").touch()
    with pytest.raises(StepFailed, match=r"the restart failed: .*control restart: exit 3: the service refuses"):
        STEP.perform(case(host, "web"), plan(host))
    assert STEP.oracle(case(host, "web"), plan(host)) == "none"


def test_another_argv_than_the_planned_one_is_not_run(host: Host) -> None:
    command = plan(host)
    changed = reconfigured(case(host, "web"), host, services={"web": {"commands": {"restart": [str(host.control), "restart", "--hard"]}}})
    with pytest.raises(StepFailed, match="the configuration changed since the plan was made"):
        STEP.perform(changed, command)
    assert host.restarts() == 0


def test_it_is_cut_at_the_services_own_deadline(host: Host) -> None:
    slow = {"services": {"web": {"commands": {"restart": ["/usr/bin/sleep", "30"]}, "restart_timeout": "200ms"}}}
    about = case(host, "web", **slow)
    (command,) = STEP.plan(STEP.gather(about, Options()), Options())
    with pytest.raises(StepFailed, match=r"ended at its deadline of 0\.2 s"):
        STEP.perform(about, command)


def test_a_stop_ends_it_within_a_moment(host: Host) -> None:
    slow = {"services": {"web": {"commands": {"restart": ["/usr/bin/sleep", "30"]}}}}
    about = case(host, "web", stopped=lambda: True, **slow)
    (command,) = STEP.plan(STEP.gather(about, Options()), Options())
    began = SystemClock().monotonic()
    with pytest.raises(StepFailed, match="ended by the stop"):
        STEP.perform(about, command)
    assert SystemClock().monotonic() - began < 10


def test_a_manager_that_does_not_answer_makes_no_plan(host: Host) -> None:
    (host.service / "invocation").unlink()
    host.control.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(StepFailed, match="the manager does not say how the service is"):
        plan(host)
