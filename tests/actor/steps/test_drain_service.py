"""Step `drain-service`: the owner's program runs before the restart, and where it fails nothing is restarted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.journal import incidents
from actor.model import StepFailed
from actor.playbook import STEPS
from actor.steps.drain_service import Options
from homeostat.config import Duration
from tests.actor.cases import case, reconfigured
from tests.support import WEB, Actor, executable

if TYPE_CHECKING:
    from tests.support import Host

STEP = STEPS["drain-service"]


def restarted(host: Host, script: str) -> Actor:
    drain = executable(host.folder / "drain", f"#!/bin/sh\n{script}\n")
    actor = Actor(host, services={"web": {"drain": [str(drain), "now"]}})
    actor.decide(WEB, "service-restart")
    actor.turn()
    return actor


def test_a_service_is_drained_before_it_is_restarted_and_the_plan_says_so(host: Host) -> None:
    actor = restarted(host, f"cat {host.service}/invocation >{host.folder}/drained-at")
    assert (actor.incident().outcome, host.restarts()) == ("succeeded", 1)
    assert (host.folder / "drained-at").read_text().strip() == "1"
    plan = next(phase["result"] for phase in incidents.phases_of(actor.journal, actor.incident().id) if phase["phase"] == "plan")
    assert plan["commands"][0]["summary"] == f"drain web: {host.folder}/drain now"


def test_what_cannot_be_drained_is_not_restarted(host: Host) -> None:
    actor = restarted(host, "echo 'still two sessions'; exit 4")
    assert (actor.incident().outcome, host.restarts()) == ("failed", 0)
    assert "it could not be drained, so it was not restarted" in actor.incident().reason
    assert "exit 4: still two sessions" in actor.incident().reason


def test_a_drain_that_hangs_is_ended_at_its_deadline(host: Host) -> None:
    about, options = case(host, "web", services={"web": {"drain": ["/usr/bin/sleep", "30"]}}), Options(at_most=Duration(0.2))
    (command,) = STEP.plan(STEP.gather(about, options), options)
    with pytest.raises(StepFailed, match=r"ended at its deadline of 0\.2 s"):
        STEP.perform(about, command)


def test_another_program_than_the_planned_one_is_not_run(host: Host) -> None:
    about = case(host, "web", services={"web": {"drain": ["/usr/bin/true"]}})
    (command,) = STEP.plan(STEP.gather(about, Options()), Options())
    with pytest.raises(StepFailed, match="the configuration changed since the plan was made; nothing was drained"):
        STEP.perform(reconfigured(about, host, services={"web": {"drain": ["/usr/bin/false"]}}), command)
