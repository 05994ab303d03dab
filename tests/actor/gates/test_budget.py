"""Gate `budget`: bounded runs, several windows each."""

from __future__ import annotations

from actor.playbook import Limits
from actor.situation import GATES
from tests.actor.gates.situations import DISK, NOW, ask, config, incident, playbook, run, situation
from tests.support import DAY, HOUR


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


def test_the_days_actions_are_bounded_whatever_they_are() -> None:
    ran = tuple(run(NOW - 3700 * number, NOW - 3700 * number + 1, target=f"s{number}") for number in range(1, 5))
    assert ask("budget", situation(settings=config(autonomy={"max_actions_per_day": 4}), executions=ran)) == (
        "defer",
        "the budget of 4/1d actions is spent",
    )


def test_an_unknown_playbook_has_no_known_budget() -> None:
    assert ask("budget", situation(incident(action="none"))) == ("refuse", "the budget of an unknown playbook is not known")
