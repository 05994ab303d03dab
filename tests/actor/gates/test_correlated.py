"""Gate `correlated`: many with one problem at once are nobody's own matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.model import Spread
from actor.situation import GATES
from tests.actor.gates.situations import DISK, HOST, ask, config, incident, situation, surroundings

if TYPE_CHECKING:
    from homeostat.config import Config

MANY_HOSTS = "memory_leak is on many hosts at once: none is acted on, a person must look"
MANY_MEMBERS = "memory_leak is on many members of group front at once: none is acted on, a person must look"


def spread(sick: int, hosts: int) -> Spread:
    """Return so many sick of so many hosts, this one among them."""
    names = [HOST, *(f"o{number}" for number in range(hosts - 1))]
    return Spread(sick=frozenset((name, "web") for name in names[:sick]), hosts=frozenset(names))


def on(sick: int, hosts: int) -> tuple[str, str]:
    return ask("correlated", situation(surroundings=surroundings(spread=spread(sick, hosts))))


@pytest.mark.parametrize(("hosts", "most"), [(1, 1), (2, 2), (3, 2), (7, 2), (8, 3), (10, 3), (11, 4), (35, 13)])
def test_a_problem_on_few_hosts_is_acted_on_and_on_many_it_is_not(hosts: int, most: int) -> None:
    assert on(most, hosts) == ("allow", "memory_leak is on few hosts")
    if most < hosts:
        assert on(most + 1, hosts) == ("refuse", MANY_HOSTS)


def test_people_are_told_of_it() -> None:
    verdict = GATES["correlated"].ask(situation(surroundings=surroundings(spread=spread(3, 3))))
    assert verdict.tell
    assert verdict.inputs["sick_hosts"] == ["h1", "o0", "o1"]


def test_many_targets_of_one_host_are_one_host() -> None:
    here = frozenset((HOST, f"s{number}") for number in range(9))
    assert ask("correlated", situation(surroundings=surroundings(spread=Spread(here, frozenset({HOST})))))[0] == "allow"


def test_without_prometheus_nobody_knows_and_nothing_is_done() -> None:
    assert ask("correlated", situation(surroundings=surroundings(spread=None))) == ("refuse", "Prometheus does not say where else this problem is")


def test_a_host_that_prometheus_sees_no_longer_makes_the_bound_no_wider() -> None:
    sick = spread(3, 3)
    assert ask("correlated", situation(surroundings=surroundings(spread=Spread(sick.sick, frozenset()))))[0] == "refuse"


def grouped(members: int, elsewhere: tuple[str, ...] = (), **needs: object) -> Config:
    services = {f"s{number}": {"manager": "systemd", "unit": f"s{number}.service", "group": "front", **needs} for number in range(members - 1)}
    more = {"db": {"manager": "systemd", "unit": "db.service"}, "nfs": {"manager": "systemd", "unit": "nfs.service"}}
    web = {"manager": "systemd", "unit": "web.service", "group": "front", **needs}
    return config(services={**services, **more, "web": web}, groups={"front": {"elsewhere": list(elsewhere)}})


def among(sick: int, settings: Config, ailing: frozenset[str] = frozenset()) -> tuple[str, str]:
    names = ["web", *(f"s{number}" for number in range(sick - 1))]
    where = Spread(frozenset((HOST, name) for name in names), frozenset({HOST}))
    return ask("correlated", situation(settings=settings, surroundings=surroundings(spread=where, ailing=ailing)))


@pytest.mark.parametrize(("members", "most"), [(3, 2), (7, 2), (10, 3), (11, 4)])
def test_a_problem_on_many_members_of_a_group_is_not_acted_on(members: int, most: int) -> None:
    assert among(most, grouped(members))[0] == "allow"
    assert among(most + 1, grouped(members)) == ("refuse", MANY_MEMBERS)


def test_both_of_two_are_many_and_the_only_one_is_not() -> None:
    assert among(1, grouped(2))[0] == "allow"
    assert among(2, grouped(2)) == ("refuse", MANY_MEMBERS)
    assert among(1, grouped(1))[0] == "allow"


def test_a_member_on_another_host_counts() -> None:
    where = Spread(frozenset({(HOST, "web"), ("h2", "web")}), frozenset({HOST, "h2"}))
    about = situation(settings=grouped(1, elsewhere=("h2/web",)), surroundings=surroundings(spread=where))
    assert ask("correlated", about) == ("refuse", MANY_MEMBERS)


def test_the_target_counts_though_prometheus_has_just_lost_it() -> None:
    where = Spread(frozenset({(HOST, "s0")}), frozenset({HOST}))
    assert ask("correlated", situation(settings=grouped(2), surroundings=surroundings(spread=where))) == ("refuse", MANY_MEMBERS)


def test_members_that_one_sick_dependency_explains_count_once() -> None:
    settings = grouped(4, depends_on=["db"])
    assert among(4, settings) == ("refuse", MANY_MEMBERS)
    assert among(4, settings, ailing=frozenset({"db"}))[0] == "allow"
    assert among(4, settings, ailing=frozenset({"nfs"})) == ("refuse", MANY_MEMBERS)


def test_two_sick_dependencies_one_behind_the_other_are_one() -> None:
    settings = config(
        services={
            "web": {"group": "front", "depends_on": ["db"]},
            "s0": {"manager": "systemd", "unit": "s0.service", "group": "front", "depends_on": ["nfs"]},
            "db": {"manager": "systemd", "unit": "db.service", "depends_on": ["nfs"]},
            "nfs": {"manager": "systemd", "unit": "nfs.service"},
        },
        groups={"front": {}},
    )
    assert among(2, settings, ailing=frozenset({"db", "nfs"}))[0] == "allow"
    assert among(2, settings, ailing=frozenset({"db"})) == ("refuse", MANY_MEMBERS)


def test_the_owner_may_set_the_bounds() -> None:
    settings = config(limits={"correlated": {"least": 2, "ratio": 0.1}})
    assert ask("correlated", situation(settings=settings, surroundings=surroundings(spread=spread(2, 3))))[0] == "refuse"


def test_a_file_system_is_in_no_group() -> None:
    assert ask("correlated", situation(incident(DISK)))[0] == "allow"
