"""A dependency dies and takes others down: one plan, the dependency first, the rest in order and only where it is still down."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from actor.conditions import ask_conditions
from actor.deeds import build_case
from actor.journal import incidents, ledger
from actor.person import Spoken
from actor.person.approval import approve
from actor.playbook import STEPS, PlannedStep
from actor.ranking import answers, answers_where, ranking
from actor.steps.restart_dependants import Options
from homeostat.config import Duration
from homeostat.silences import pause_matchers
from tests.actor.test_learn import ended
from tests.support import HOST, MINUTE, PREDICTION, PROBABILITY, USAGE, Actor, EpisodeKey, executable, silence

if TYPE_CHECKING:

    from tests.support import Host

CASCADE = "service-cascade-restart"
_CONTROL = """#!/bin/sh
cd {folder} || exit 1
case "$1" in
show)
    read -r invocation <invocation
    if [ -e down ]; then active=failed; else active=active; fi
    if [ -e edited ]; then reload=yes; else reload=no; fi
    printf 'ActiveState=%s\\nInvocationID=%s\\nMainPID=0\\nNeedDaemonReload=%s\\n' "$active" "$invocation" "$reload" ;;
health) [ ! -e down ] && [ ! -e stuck ] && [ ! -e ../redis/down ] ;;
restart)
    echo {name} >>../order
    read -r invocation <invocation; echo $(( invocation + 1 )) >invocation
    [ -e hopeless ] || rm -f down stuck ;;
esac
"""


class Home:
    """Redis, which authelia needs, which portal needs; mail needs redis too: each a folder with a program of its own."""

    def __init__(self, host: Host, **changes: Any) -> None:
        self.folder = host.folder
        services = {
            "redis": self._service("redis"),
            "authelia": self._service("authelia", depends_on=["redis"]),
            "mail": self._service("mail", depends_on=["redis"], **changes.pop("mail", {})),
            "portal": self._service("portal", depends_on=["authelia"]),
        }
        limits = {"blast_radius": {"of_few": 5, "few": 10}}
        quick = {CASCADE: {"settle": "2s", "watch": "30s"}}
        self.actor = Actor(host, **{"services": services, "limits": limits, "autonomy": {"actions": quick}} | changes)
        known = self.actor.world.playbooks[CASCADE]
        steps = (*known.steps[:-1], PlannedStep("restart-dependants", Options(wait=Duration(0.5), alone=Duration(0.1))))
        self.actor.world.playbooks = {**self.actor.world.playbooks, CASCADE: dataclasses.replace(known, steps=steps)}

    def _service(self, name: str, **more: Any) -> dict[str, Any]:
        place = self.folder / name
        place.mkdir()
        (place / "invocation").write_text("1\n")
        control = str(executable(place / "control", _CONTROL.format(folder=place, name=name)))
        return {"manager": "command", "commands": {"show": [control, "show"], "restart": [control, "restart"]}, "health": [control, "health"], **more}

    def mark(self, name: str, *marks: str) -> None:
        for mark in marks:
            (self.folder / name / mark).touch()

    @property
    def order(self) -> list[str]:
        """The services in the order in which they were restarted."""
        place = self.folder / "order"
        return place.read_text().split() if place.exists() else []

    def hear(self, *names: str, action: str = "service-restart", decision: str = "auto-execute") -> None:
        for name in names:
            self.actor.decide(down(name), action, decision)
        for forecast in (USAGE, PROBABILITY):
            self.actor.prometheus.drop(forecast)

    def heal(self, health_score: float | None = None) -> None:
        """Let the loop turn; Prometheus sees what is well again as soon as it is verified."""

        def see() -> None:
            if health_score is not None:
                self.actor.prometheus.put("homeostat_health_score", health_score, host=HOST)
            for name in ("redis", "authelia", "mail", "portal"):
                if not any((self.folder / name / mark).exists() for mark in ("down", "stuck")):
                    self.actor.prometheus.forget(down(name))

        self.actor.clock.at_sleep = see
        self.actor.turn()

    def cascade(self) -> Any:
        """Return the incident of the cascade."""
        return next(each for each in incidents.recent(self.actor.journal, 0.0) if each.action == CASCADE)


def down(name: str) -> EpisodeKey:
    return EpisodeKey(HOST, "service_down", name, "service")


@pytest.fixture
def home(host: Host) -> Home:
    home = Home(host)
    home.mark("redis", "down")
    return home


def announce(home: Home) -> None:
    """Let the cascade be announced, and its grace pass."""
    home.hear("redis", action=CASCADE, decision="notify-execute")
    home.actor.turn()
    home.actor.clock.advance(10 * MINUTE)


def heal_by_cascade(home: Home) -> Any:
    announce(home)
    home.heal()
    return home.cascade()


def test_the_dependency_first_then_in_order_only_what_is_still_down_and_the_outcome_tells_the_health_score(home: Home) -> None:
    home.mark("authelia", "stuck")
    home.mark("portal", "stuck")
    home.actor.prometheus.put("homeostat_health_score", 60.0, host=HOST)
    announce(home)
    home.heal(health_score=92.0)
    incident = home.cascade()
    assert incident.outcome == "succeeded", incident.reason
    # Mail became well as soon as redis was.
    assert home.order == ["redis", "authelia", "portal"]
    assert "services-well-ratio went from 0.0000 to 1.0000" in incident.reason
    assert all(f"health of {name} held" in incident.reason for name in ("redis", "authelia", "mail", "portal"))
    assert incident.reason.endswith("the host's health score went from 60 to 92")
    # Each that it might touch counts as touched.
    assert sorted(run.target for run in ledger.executions(home.actor.journal, 0.0)) == ["authelia", "mail", "portal", "redis"]


def test_it_stops_at_the_first_that_does_not_come_up(home: Home) -> None:
    home.mark("authelia", "stuck", "hopeless")
    home.mark("portal", "stuck")
    incident = heal_by_cascade(home)
    assert incident.outcome == "failed"
    assert "authelia did not come up within 500ms of its restart" in incident.reason
    assert home.order == ["redis", "authelia"]


def test_a_dependency_that_stays_down_leaves_the_others_alone(home: Home) -> None:
    home.mark("redis", "hopeless")
    incident = heal_by_cascade(home)
    assert incident.outcome == "failed"
    assert "redis did not come up within 500ms, so authelia, which needs it, was left alone" in incident.reason
    assert home.order == ["redis"]


def test_what_may_not_be_restarted_without_asking_is_left_alone_and_the_plan_says_so(host: Host) -> None:
    home = Home(host, mail={"auto_restart": False})
    home.mark("redis", "down")
    home.mark("mail", "stuck")
    incident = heal_by_cascade(home)
    assert home.order == ["redis"]
    plan = next(phase for phase in incidents.phases_of(home.actor.journal, incident.id) if phase["phase"] == "plan")["result"]
    assert plan["left"] == ["mail is left alone: it has auto_restart: false"]
    assert "health of mail did not hold" in incident.reason


def test_what_was_edited_or_keeps_the_host_alive_is_left_alone_and_the_rest_is_restarted(host: Host) -> None:
    home = Home(host)
    home.mark("redis", "down")
    for name in ("authelia", "mail", "portal"):
        home.mark(name, "stuck")
    home.mark("authelia", "edited")
    services = {**home.actor.config.services}
    services["prometheus"] = msgspec.structs.replace(services["mail"], depends_on=("redis",))
    about = build_case(msgspec.structs.replace(home.actor.config, services=services), home.actor.world.playbooks[CASCADE], ("redis", "i1"), 0.0, lambda: False)
    facts = STEPS["restart-dependants"].gather(about, Options())
    assert [each.service for each in facts.dependants] == ["mail", "portal"]
    assert facts.left == (
        "authelia is left alone: its unit was edited since it was loaded: a restart would deploy that",
        "prometheus is left alone: 'prometheus' is never touched",
    )


def test_more_targets_than_may_be_touched_are_a_persons_to_decide_and_a_yes_is_enough(host: Host) -> None:
    home = Home(host, limits={"blast_radius": {"few": 10, "of_few": 2}})
    home.mark("redis", "down")
    home.hear("redis", action=CASCADE, decision="notify-execute")
    home.actor.turn()
    incident = home.cascade()
    assert (incident.state, home.order) == ("proposed", [])
    assert incident.reason.startswith("blast-radius: it would touch 4 of this host's targets (authelia, mail, portal, redis), more than 2 within 1h")
    proposal = incidents.proposal_of(home.actor.journal, incident.id)
    assert proposal is not None
    assert approve(home.actor.world, Spoken(incident.id, "ada"), proposal["plan_hash"]).taken
    home.heal()
    assert (home.cascade().outcome, home.order) == ("succeeded", ["redis"])


def test_a_service_that_somebody_has_paused_is_not_restarted_by_way_of_what_it_needs(home: Home) -> None:
    home.mark("authelia", "stuck")
    home.actor.alertmanager.active.append(silence(*pause_matchers(HOST, "authelia")))
    incident = heal_by_cascade(home)
    assert (incident.outcome, home.order) == ("refused", [])
    assert incident.reason.startswith("silenced: authelia, which it would touch too, is silenced by ada until")


def test_what_goes_down_between_the_gates_and_the_plan_is_counted_before_anything_is_done(host: Host) -> None:
    home = Home(host, limits={"blast_radius": {"few": 10, "of_few": 2}})
    home.mark("redis", "stuck")
    announce(home)
    hands = home.actor.world.hands

    def plan_late(*about: Any) -> Any:
        home.mark("authelia", "stuck")
        home.mark("mail", "stuck")
        return hands.plan(*about)

    home.actor.world.hands = dataclasses.replace(hands, plan=plan_late)
    home.heal()
    assert (home.cascade().state, home.order) == ("proposed", [])
    assert home.cascade().reason.startswith("blast-radius: it would touch 3 of this host's targets (authelia, mail, redis), more than 2 within 1h")


def test_what_needs_it_waits_for_the_cascade_and_is_not_restarted_a_second_time(home: Home) -> None:
    home.mark("authelia", "stuck")
    home.hear("authelia", "portal")
    announce(home)
    assert home.order == []
    home.hear("authelia", "portal")
    home.heal()
    home.actor.clock.advance(MINUTE)
    home.heal()
    assert home.order == ["redis", "authelia"]
    assert {each.target: each.outcome for each in incidents.recent(home.actor.journal, 0.0)} == {"redis": "succeeded", "authelia": "refused", "portal": "refused"}


class TestChoice:
    @staticmethod
    def chosen(home: Home, *names: str, **autonomy: Any) -> set[tuple[str, str, str]]:
        """Return what answers instead while Prometheus sees these down."""
        for name in names:
            home.actor.prometheus.put(PREDICTION, 0.95, **down(name)._asdict())
        world = home.actor.world
        config = msgspec.structs.replace(world.config, autonomy=msgspec.structs.replace(world.config.autonomy, **autonomy))
        found = answers_where(world.journal, world.playbooks, ask_conditions(world).where, config)
        return {(problem, target, playbook.name) for (problem, target), playbook in found.items() if problem == "service_down"}

    def test_it_answers_only_where_a_dependency_and_some_that_need_it_are_down_together(self, home: Home) -> None:
        assert self.chosen(home) == set()
        assert self.chosen(home, "redis") == set()
        assert self.chosen(home, "portal") == {("service_down", "redis", CASCADE)}

    def test_of_a_chain_that_is_down_it_begins_at_its_root(self, home: Home) -> None:
        assert self.chosen(home, "authelia", "portal") == {("service_down", "authelia", CASCADE)}
        assert self.chosen(home, "redis") == {("service_down", "redis", CASCADE)}

    def test_another_problem_at_what_needs_it_is_none_of_its_business(self, home: Home) -> None:
        home.actor.prometheus.put(PREDICTION, 0.95, **down("authelia")._replace(problem="memory_leak")._asdict())
        assert self.chosen(home, "redis") == set()

    def test_where_prometheus_does_not_answer_nothing_is_chosen(self, home: Home) -> None:
        home.actor.prometheus.down = True
        assert self.chosen(home, "redis", "authelia") == set()

    def test_it_steps_back_where_it_failed_twice_and_where_the_owner_names_only_others(self, home: Home) -> None:
        assert self.chosen(home, "redis", "authelia", preferences={"service_down": ("service-restart",)}) == set()
        assert self.chosen(home, preferences={"service_down": ("service-restart", CASCADE)}) == {("service_down", "redis", CASCADE)}
        for _ in range(2):
            ended(home.actor, "failed", "redis", CASCADE)
        assert self.chosen(home) == set()

    def test_it_never_answers_for_all_targets_however_good_its_record(self, home: Home) -> None:
        for _ in range(5):
            ended(home.actor, "succeeded", "redis", CASCADE)
        assert answers(ranking(home.actor.journal, home.actor.config, home.actor.world.playbooks))["service_down"].name == "service-restart"
