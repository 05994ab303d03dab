"""What is asked beyond the target: who is at it, where else the problem is, how its group and its dependencies are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from actor.situation import observe
from tests.actor.gates.situations import incident
from tests.support import DISK, HOST, PREDICTION, USAGE, WEB, Actor, executable

if TYPE_CHECKING:
    import pathlib

    from actor.model import Surroundings
    from tests.support import Host


def of_owner(folder: pathlib.Path, name: str, **more: Any) -> dict[str, Any]:
    """Write a service whose state stands in a file, and return its entry of the catalogue."""
    state = folder / name
    state.write_text("ActiveState=active\nInvocationID=1\n", encoding="utf-8")
    show = executable(folder / f"show-{name}", f"#!/bin/sh\ncat {state}\n")
    return {"manager": "command", "commands": {"show": [str(show)], "restart": [str(show)]}, **more}


def down(host: Host, name: str) -> None:
    (host.folder / name).write_text("ActiveState=inactive\n", encoding="utf-8")


def silent(host: Host, name: str) -> None:
    (host.folder / name).write_text("", encoding="utf-8")


def around(actor: Actor, target: str = "web", **changes: Any) -> Surroundings:
    return observe(actor.world, incident(WEB._replace(target=target), **changes)).surroundings


@pytest.fixture
def twins(host: Host) -> Actor:
    """Return an actor of a web and its twin, one redundant group, which both need a database."""
    services = {
        "web": {"group": "front", "depends_on": ["db"], "sessions": "web_sessions"},
        "twin": of_owner(host.folder, "twin", group="front", depends_on=["db"]),
        "db": of_owner(host.folder, "db", sessions="db_sessions"),
    }
    return Actor(host, services=services, groups={"front": {"redundant": True}})


class TestSessions:
    def test_the_quiet_window_is_known_where_the_traffic_is(self, host: Host) -> None:
        traffic = [{"service": "web", "query": "visits", "timezone": "UTC"}]
        actor = Actor(host, exporter={"traffic": traffic})
        assert around(actor).quiet_from is None
        actor.prometheus.put("homeostat_quiet_window_start_timestamp_seconds", 1_700_000_900.0, host=HOST, target="web")
        assert around(actor).quiet_from == 1_700_000_900.0

    def test_without_traffic_no_quiet_window_is_asked_for(self, host: Host) -> None:
        actor = Actor(host)
        actor.prometheus.put("homeostat_quiet_window_start_timestamp_seconds", 1_700_000_900.0, host=HOST, target="web")
        assert around(actor).quiet_from is None

    def test_a_restart_disturbs_whoever_is_at_it_and_at_what_needs_it(self, twins: Actor) -> None:
        twins.prometheus.put("web_sessions", 2.0, instance="a")
        twins.prometheus.put("web_sessions", 1.0, instance="b")
        twins.prometheus.put("db_sessions", 0.0)
        assert around(twins).sessions == {"web": 3.0}
        assert around(twins, "db").sessions == {"web": 3.0, "db": 0.0}
        assert around(twins, "twin").sessions == {}

    def test_no_answer_and_an_empty_one_are_unknown(self, twins: Actor) -> None:
        assert around(twins).sessions == {"web": None}
        twins.prometheus.broken.add("web_sessions")
        assert around(twins).sessions == {"web": None}

    def test_a_cleanup_disturbs_nobody(self, twins: Actor) -> None:
        assert observe(twins.world, incident(DISK)).surroundings.sessions == {}


class TestSpread:
    def test_it_is_where_prometheus_sees_this_very_problem_and_all_hosts_it_watches(self, actor: Actor) -> None:
        actor.prometheus.put(PREDICTION, 0.9, **WEB._asdict())
        actor.prometheus.put(PREDICTION, 0.9, **WEB._replace(host="h2", target="mail")._asdict())
        actor.prometheus.put(PREDICTION, 0.9, **DISK._replace(host="h3")._asdict())
        for host in (HOST, "h2", "h3", "h4"):
            actor.prometheus.put(USAGE, 0.5, host=host, target="t")
        spread = around(actor).spread
        assert spread is not None
        assert (spread.sick, spread.hosts) == ({(HOST, "web"), ("h2", "mail")}, {HOST, "h2", "h3", "h4"})

    @pytest.mark.parametrize("series", [PREDICTION, USAGE])
    def test_half_an_answer_is_none(self, actor: Actor, series: str) -> None:
        actor.prometheus.broken.add(series)
        assert around(actor).spread is None
        assert observe(actor.world, incident(DISK)).surroundings.spread is None


class TestMembers:
    def test_each_member_of_a_redundant_group_is_asked(self, twins: Actor, host: Host) -> None:
        assert around(twins).members.here == {"web": True, "twin": True}
        down(host, "twin")
        (host.service / "healthy").unlink()
        assert around(twins).members.here == {"web": False, "twin": False}

    def test_one_that_does_not_answer_counts_only_where_it_is_the_target_itself(self, twins: Actor, host: Host) -> None:
        silent(host, "twin")
        assert around(twins).members.here == {"web": True, "twin": False}
        assert around(twins, "twin").members.here == {"web": True, "twin": True}

    def test_the_owners_query_counts_them_and_no_answer_is_no_number(self, host: Host) -> None:
        actor = Actor(host, services={"web": {"group": "front"}}, groups={"front": {"redundant": True, "healthy": "well"}})
        counted = around(actor).members.counted
        assert counted is not None
        assert math.isnan(counted)
        actor.prometheus.put("well", 2.0)
        assert around(actor).members.counted == 2.0

    def test_nobody_is_asked_for_a_group_that_is_not_redundant(self, host: Host) -> None:
        assert around(Actor(host, services={"web": {"group": "front"}}, groups={"front": {}})).members is None


class TestAiling:
    def test_what_members_need_is_sick_when_it_is_down_or_prometheus_says_so(self, twins: Actor, host: Host) -> None:
        assert around(twins).ailing == frozenset()
        twins.prometheus.put(PREDICTION, 0.9, **WEB._replace(target="db")._asdict())
        assert around(twins).ailing == {"db"}
        twins.prometheus.drop(PREDICTION)
        down(host, "db")
        assert around(twins).ailing == {"db"}

    def test_what_is_unknown_explains_nothing(self, twins: Actor, host: Host) -> None:
        silent(host, "db")
        twins.prometheus.down = True
        assert around(twins).ailing == frozenset()


class TestUnknown:
    def test_of_a_target_that_nobody_knows_nobody_is_asked(self, actor: Actor) -> None:
        assert around(actor, "nowhere").members is None
        assert around(actor, action="none").sessions == {}
