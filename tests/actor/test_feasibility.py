"""Feasibility: asked in the background, the least over a playbook's targets, and forgotten when nobody can ask any more."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from actor.feasibility import ask_feasibility, known_ratios
from tests.support import HOST, Actor

if TYPE_CHECKING:
    from tests.support import Host


def obstructed(actor: Actor, *targets: str) -> None:
    hands = dataclasses.replace(actor.world.hands, obstacle=lambda case, _: "no room" if case.target in targets else None)
    actor.world.hands = hands
    actor.world.feasibility = ask_feasibility(actor.world)


def test_nothing_is_known_before_it_was_asked(actor: Actor) -> None:
    assert known_ratios(actor.world) == {}


@pytest.mark.parametrize(("targets", "cleanup"), [((), 1.0), (("disk",), 0.0)])
def test_an_obstacle_at_one_target_is_the_least(actor: Actor, targets: tuple[str, ...], cleanup: float) -> None:
    obstructed(actor, *targets)
    assert known_ratios(actor.world)["disk-cleanup"] == cleanup


def test_what_may_do_without_is_worth_what_its_playbook_says(actor: Actor) -> None:
    obstructed(actor, "web")
    assert known_ratios(actor.world)["service-restart"] == actor.world.playbooks["service-restart"].file.unprotected_feasibility


def test_an_answer_is_forgotten_after_five_minutes_whatever_the_clock_says(actor: Actor) -> None:
    obstructed(actor)
    actor.clock.jump(-3600)
    actor.clock.advance(299)
    assert known_ratios(actor.world)
    actor.clock.advance(2)
    assert known_ratios(actor.world) == {}


@pytest.fixture
def leaking(host: Host) -> Actor:
    """Return an actor of two services, of which one leaks."""
    actor = Actor(host, services={"other": {"manager": "systemd", "unit": "other.service"}})
    actor.prometheus.put("homeostat_problem_confidence_ratio", 0.9, host=HOST, problem="memory_leak", target="web", resource="memory")
    return actor


def test_an_obstacle_elsewhere_is_no_matter_to_a_target_that_has_the_problem(leaking: Actor) -> None:
    obstructed(leaking, "other")
    assert known_ratios(leaking.world)["service-restart"] == 1.0
    obstructed(leaking, "other", "web")
    assert known_ratios(leaking.world)["service-restart"] < 1.0


def test_while_prometheus_does_not_answer_every_target_counts(leaking: Actor) -> None:
    leaking.prometheus.down = True
    obstructed(leaking, "other")
    assert known_ratios(leaking.world)["service-restart"] < 1.0
