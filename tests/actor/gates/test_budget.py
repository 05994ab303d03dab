"""Gate `budget`: bounded runs, several windows each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from actor.model import Approval
from actor.playbook import Limits
from actor.situation import GATES
from tests.actor.gates.situations import DISK, NOW, ask, config, incident, playbook, run, situation, surroundings
from tests.support import DAY, HOUR

if TYPE_CHECKING:
    from actor.model import Situation


def test_an_unspent_budget_is_allowed() -> None:
    assert ask("budget", situation()) == ("allow", "every budget has room")


def test_one_an_hour_per_target_is_deferred_until_the_hour_is_over() -> None:
    verdict = GATES["budget"].ask(situation(executions=(run(NOW - 600, NOW - 590),)))
    assert (verdict.answer, verdict.reason, verdict.until) == ("defer", "the budget of 1/1h per target is spent", NOW - 600 + HOUR)


def test_three_a_day_per_target_is_deferred_until_the_first_of_them_is_a_day_old() -> None:
    ran = tuple(run(NOW - hours * HOUR, NOW - hours * HOUR + 5) for hours in (20, 10, 5))
    verdict = GATES["budget"].ask(situation(executions=ran))
    assert (verdict.answer, verdict.reason, verdict.until) == ("defer", "the budget of 3/24h per target is spent", NOW - 20 * HOUR + DAY)


def test_another_targets_runs_do_not_spend_the_budget_per_target() -> None:
    assert ask("budget", situation(executions=(run(NOW - 600, NOW - 590, target="db"),)))[0] == "allow"


def test_a_limit_per_action_counts_all_targets() -> None:
    known = playbook("service-restart", limits=Limits(per_action=("1/1h",)))
    verdict = GATES["budget"].ask(situation(playbook=known, executions=(run(NOW - 600, NOW - 590, target="db"),)))
    assert (verdict.answer, verdict.reason) == ("defer", "the budget of 1/1h per action is spent")


def test_six_restarts_an_hour_are_enough_for_all_services_together() -> None:
    ran = tuple(run(NOW - 60 * number, NOW - 60 * number + 1, target=f"s{number}") for number in range(1, 7))
    assert ask("budget", situation(executions=ran)) == ("defer", "the budget of 6/1h restarts is spent")
    assert ask("budget", situation(incident(DISK), executions=ran))[0] == "allow"


RESTARTING = frozenset({"service-restart", "drift-reconciliation"})


def test_what_another_action_restarted_counts_too_and_what_its_rollback_started_again() -> None:
    drifts = tuple(run(NOW - 60 * number, NOW - 60 * number + 1, target=f"s{number}", action="drift-reconciliation", action_class="config") for number in range(1, 7))
    assert ask("budget", situation(executions=drifts[:5], restarting=RESTARTING))[0] == "allow"
    assert ask("budget", situation(executions=drifts, restarting=RESTARTING)) == ("defer", "the budget of 6/1h restarts is spent")
    back = tuple(msgspec.structs.replace(each, outcome="rolled_back") for each in drifts[:3])
    assert ask("budget", situation(executions=back, restarting=RESTARTING)) == ("defer", "the budget of 6/1h restarts is spent")


def test_a_drifted_service_too_waits_for_the_restarts_of_the_hour() -> None:
    ran = tuple(run(NOW - 60 * number, NOW - 60 * number + 1, target=f"s{number}") for number in range(1, 7))
    drift = playbook("drift-reconciliation", limits=Limits())
    assert ask("budget", situation(playbook=drift, executions=ran)) == ("defer", "the budget of 6/1h restarts is spent")


def cascading(most: int, dependants: int, earlier: int, **changes: Any) -> Situation:
    """Return a situation in which a service and so many that need it would be restarted, after so many restarts within the hour."""
    ran = tuple(run(NOW - 60 * number, NOW - 60 * number + 1, target=f"s{number}") for number in range(1, earlier + 1))
    reached = surroundings(dependants=frozenset(f"d{number}" for number in range(dependants)))
    settings = config(limits={"restarts": [{"count": most, "within": "1h"}]})
    return situation(playbook=playbook("service-cascade-restart", limits=Limits()), settings=settings, executions=ran, surroundings=reached, **changes)


def test_a_cascade_waits_until_there_is_room_for_all_that_it_restarts() -> None:
    assert ask("budget", cascading(4, 2, 1))[0] == "allow"
    verdict = GATES["budget"].ask(cascading(4, 2, 2))
    assert (verdict.answer, verdict.reason, verdict.until) == ("defer", "the budget of 4/1h restarts is spent", NOW - 120 + HOUR)


def test_one_cascade_of_more_restarts_than_may_be_is_a_persons_to_allow_and_has_the_budget_to_itself() -> None:
    assert ask("budget", cascading(2, 2, 0)) == ("confirm", "it would restart 3 services, more than the budget of 2/1h restarts")
    yes = Approval(author="ada", approved_at=NOW, plan_hash="h")
    assert ask("budget", cascading(2, 2, 0, approval=yes))[0] == "allow"
    verdict = GATES["budget"].ask(cascading(2, 2, 1, approval=yes))
    assert (verdict.answer, verdict.until) == ("defer", NOW - 60 + HOUR)


def test_the_days_actions_are_bounded_whatever_they_are() -> None:
    ran = tuple(run(NOW - 3700 * number, NOW - 3700 * number + 1, target=f"s{number}") for number in range(1, 5))
    assert ask("budget", situation(settings=config(autonomy={"max_actions_per_day": 4}), executions=ran)) == (
        "defer",
        "the budget of 4/1d actions is spent",
    )


# NOW is a Tuesday, 22:13:20 UTC: "evening" ends in Berlin at midnight, 46 minutes and 40 seconds from now.
EVENING = {"name": "evening", "when": [{"times": [{"start_time": "20:00", "end_time": "24:00"}], "location": "Europe/Berlin"}], "level": "moderate"}
MIDNIGHT_IN_BERLIN = NOW + 46 * 60 + 40


def test_the_schedules_budget_counts_what_ran_before_it_and_says_whose_it_is() -> None:
    ran = tuple(run(NOW - 3700 * number, NOW - 3700 * number + 1, target=f"s{number}") for number in range(3, 6))
    bounded = config(autonomy={"max_actions_per_day": 3, "schedule": [EVENING | {"max_actions_per_day": 4, "when": [{"location": "Europe/Berlin"}]}]})
    assert ask("budget", situation(settings=bounded, executions=ran)) == ("allow", "every budget has room")
    spent = config(autonomy={"max_actions_per_day": 4, "schedule": [EVENING | {"max_actions_per_day": 3}]})
    assert ask("budget", situation(settings=spent, executions=ran)) == ("defer", "the budget of 3/1d actions of the schedule evening is spent")


def test_what_the_schedule_forbids_now_is_asked_again_when_it_has_another_budget() -> None:
    ran = tuple(run(NOW - 3700 * number, NOW - 3700 * number + 1, target=f"s{number}") for number in range(1, 4))
    settings = config(autonomy={"schedule": [EVENING | {"max_actions_per_day": 2}]})
    verdict = GATES["budget"].ask(situation(settings=settings, executions=ran))
    assert (verdict.answer, verdict.until) == ("defer", MIDNIGHT_IN_BERLIN)
    hourly = GATES["budget"].ask(situation(settings=settings, executions=(run(NOW - 600, NOW - 590),)))
    assert (hourly.reason, hourly.until) == ("the budget of 1/1h per target is spent", NOW - 600 + HOUR)


def test_a_run_that_is_forgotten_before_the_schedule_changes_gives_its_budget_back_then() -> None:
    ran = (run(NOW - DAY + 60, NOW - DAY + 61, target="s1"), run(NOW - 7200, NOW - 7100, target="s2"))
    settings = config(autonomy={"schedule": [EVENING | {"max_actions_per_day": 2}]})
    assert GATES["budget"].ask(situation(settings=settings, executions=ran)).until == NOW + 60


def test_an_unknown_playbook_has_no_known_budget() -> None:
    assert ask("budget", situation(incident(action="none"))) == ("refuse", "the budget of an unknown playbook is not known")
