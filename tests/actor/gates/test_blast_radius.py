"""Gate `blast-radius`: only a few targets of a host within an hour, and one only so often a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from actor.model import Approval
from actor.situation import GATES
from tests.actor.gates.situations import NOW, ask, config, run, situation, surroundings, touching
from tests.support import DAY, HOUR

if TYPE_CHECKING:
    from homeostat.config import Config


def with_targets(count: int, **limits: object) -> Config:
    """Return a configuration of so many targets: web, the disk, and more services."""
    more = {f"s{number}": {"manager": "systemd", "unit": f"s{number}.service"} for number in range(count - 2)}
    return config(services=more, limits={"blast_radius": limits})


def after(others: int, settings: Config) -> tuple[str, str]:
    """Ask when so many other targets were touched within the hour."""
    ran = tuple(run(NOW - 600 - number, NOW - 590, target=f"s{number}") for number in range(others))
    return ask("blast-radius", situation(settings=settings, executions=ran))


def test_the_first_of_the_hour_goes_on() -> None:
    assert after(0, with_targets(9)) == ("allow", "few enough targets were touched")


@pytest.mark.parametrize(("targets", "most"), [(2, 2), (4, 2), (5, 1), (9, 1), (10, 2), (14, 2), (15, 3), (35, 7)])
def test_a_fifth_of_the_targets_but_at_least_one_and_two_of_a_few(targets: int, most: int) -> None:
    assert after(most - 1, with_targets(targets))[0] == "allow"
    assert after(most, with_targets(targets)) == ("defer", f"of this host's targets only {most} may be acted on within 1h")


def test_it_waits_until_the_hour_of_one_of_them_is_over() -> None:
    ran = (run(NOW - 3000, NOW - 2990, target="s0"), run(NOW - 600, NOW - 590, target="s1"))
    verdict = GATES["blast-radius"].ask(situation(settings=with_targets(10), executions=ran))
    assert (verdict.answer, verdict.until) == ("defer", NOW - 3000 + HOUR)


def test_the_same_target_again_widens_nothing() -> None:
    ran = (run(NOW - 3000, NOW - 2990),)
    assert ask("blast-radius", situation(settings=with_targets(9), executions=ran))[0] == "allow"


def test_what_ran_more_than_an_hour_ago_does_not_count() -> None:
    assert ask("blast-radius", situation(settings=with_targets(9), executions=(run(NOW - HOUR, NOW - 3500, target="s0"),)))[0] == "allow"


def test_a_fourth_time_within_a_day_on_one_target_waits_whatever_the_actions_were() -> None:
    ran = tuple(run(NOW - hours * HOUR, NOW - hours * HOUR + 5, action=f"a{hours}") for hours in (20, 10, 5))
    verdict = GATES["blast-radius"].ask(situation(executions=ran))
    assert (verdict.answer, verdict.reason, verdict.until) == ("defer", "web was acted on 3 times within 1d", NOW - 20 * HOUR + DAY)


def test_the_owner_may_set_each_bound() -> None:
    wide = with_targets(10, ratio=0.5, within="2h", per_target={"count": 1, "within": "2d"})
    assert after(4, wide)[0] == "allow"
    assert after(5, wide) == ("defer", "of this host's targets only 5 may be acted on within 2h")
    assert ask("blast-radius", situation(settings=wide, executions=(run(NOW - DAY, NOW - DAY + 5),)))[1] == "web was acted on 1 times within 2d"


def test_what_a_cascade_may_touch_beside_its_target_counts_too() -> None:
    cascade = surroundings(dependants=frozenset({"s0", "s1"}))
    ran = (run(NOW - 600, NOW - 590, target="s5"),)
    assert ask("blast-radius", situation(settings=with_targets(20), surroundings=cascade, executions=ran))[0] == "allow"
    verdict = GATES["blast-radius"].ask(situation(settings=with_targets(15), surroundings=cascade, executions=ran))
    assert (verdict.answer, verdict.until) == ("defer", NOW - 600 + HOUR)


def test_one_action_that_would_touch_more_than_may_be_is_a_persons_to_decide() -> None:
    cascade = surroundings(dependants=frozenset({"s0", "s1"}))
    told = "it would touch 3 of this host's targets (s0, s1, web), more than 2 within 1h"
    assert ask("blast-radius", situation(settings=with_targets(10), surroundings=cascade)) == ("confirm", told)
    approved = ask("blast-radius", situation(settings=with_targets(10), surroundings=cascade, approval=Approval(author="ada", approved_at=NOW - 5, plan_hash="h")))
    assert approved == ("allow", "it touches 3 targets, as ada approved")


def test_what_went_down_after_the_gates_were_asked_counts_with_the_plan_and_the_run_itself_does_not() -> None:
    own = tuple(run(NOW - 5, None, target=name, incident_id="i1") for name in ("web", "s0"))
    seen = surroundings(dependants=frozenset({"s0"}))
    settings = with_targets(10, per_target={"count": 1, "within": "1d"})
    assert ask("blast-radius", situation(settings=settings, surroundings=seen, executions=own, plan=touching("s0")))[0] == "allow"
    told = "it would touch 3 of this host's targets (s0, s1, web), more than 2 within 1h"
    assert ask("blast-radius", situation(settings=settings, surroundings=seen, executions=own, plan=touching("s0", "s1"))) == ("confirm", told)


def test_what_was_only_looked_into_there_was_not_acted_on() -> None:
    looked = tuple(run(NOW - hours * HOUR, NOW - hours * HOUR + 5, action="investigate", action_class="read") for hours in (20, 10, 5))
    assert ask("blast-radius", situation(executions=looked)) == ("allow", "few enough targets were touched")
