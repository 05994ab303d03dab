"""Gate `redundancy`: the last healthy member of a redundant group is left alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from actor.model import Members
from tests.actor.gates.situations import DISK, ask, config, incident, situation, surroundings

if TYPE_CHECKING:
    from homeostat.config import Config

LAST = ("refuse", "web is the last healthy member of group front")


def settings(redundant: bool = True, elsewhere: tuple[str, ...] = ()) -> Config:
    services = {"web": {"group": "front"}, "twin": {"manager": "systemd", "unit": "twin.service", "group": "front"}}
    return config(services=services, groups={"front": {"redundant": redundant, "elsewhere": list(elsewhere)}})


def among(members: Members | None, under: Config | None = None) -> tuple[str, str]:
    return ask("redundancy", situation(settings=under or settings(), surroundings=surroundings(members=members)))


def test_beside_a_healthy_twin_it_may_be_restarted() -> None:
    assert among(Members({"web": True, "twin": True}, None))[0] == "allow"


def test_the_last_healthy_one_is_left_alone() -> None:
    assert among(Members({"web": True, "twin": False}, None)) == LAST


def test_one_that_is_not_healthy_itself_may_be_restarted_in_any_case() -> None:
    assert among(Members({"web": False, "twin": False}, None))[0] == "allow"


def test_nobody_vouches_for_a_member_on_another_host() -> None:
    assert among(Members({"web": True}, None), settings(elsewhere=("h2/web",))) == LAST


def test_the_owners_query_counts_the_members_of_all_hosts() -> None:
    everywhere = settings(elsewhere=("h2/web",))
    assert among(Members({"web": True, "twin": False}, 2.0), everywhere)[0] == "allow"
    assert among(Members({"web": True, "twin": True}, 1.0), everywhere) == LAST


def test_a_query_without_an_answer_is_a_no() -> None:
    assert among(Members({"web": True, "twin": True}, math.nan)) == ("refuse", "Prometheus does not say how many are healthy of group front")


def test_members_that_nobody_asked_are_a_no() -> None:
    assert among(None) == ("refuse", "how the members of group front are is not known")


def test_a_group_that_is_not_redundant_and_a_service_without_a_group_are_no_matter() -> None:
    assert among(None, settings(redundant=False))[0] == "allow"
    assert ask("redundancy", situation()) == ("allow", "nothing is declared to stand in for it")
    assert ask("redundancy", situation(incident(DISK)))[0] == "allow"


def test_a_redundant_group_of_one_holds_nothing_back() -> None:
    alone = config(services={"web": {"group": "front"}}, groups={"front": {"redundant": True}})
    assert among(Members({"web": True}, None), alone)[0] == "allow"
