"""Gate `cooldown`: an action rests on a target after it ran there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from actor.situation import GATES
from homeostat.clock import rfc3339
from tests.actor.gates.situations import DISK, NOW, ask, config, incident, playbook, run, situation

if TYPE_CHECKING:
    from actor.model import Incident


def test_what_never_ran_here_is_allowed() -> None:
    assert ask("cooldown", situation()) == ("allow", "it has not run here lately")


@pytest.mark.parametrize(("about", "rest"), [(incident(), 300), (incident(DISK), 3600)])
def test_it_is_deferred_until_the_playbooks_rest_is_over(about: Incident, rest: float) -> None:
    ran = run(NOW - 30, NOW - 10, about)
    verdict = GATES["cooldown"].ask(situation(about, executions=(ran,)))
    assert (verdict.answer, verdict.until) == ("defer", NOW - 10 + rest)
    assert verdict.reason == f"{about.action} ran here and rests until {rfc3339(NOW - 10 + rest)}"


def test_an_action_that_rests_is_refused_in_the_same_words_from_minute_to_minute() -> None:
    asked = situation(executions=(run(NOW - 30, NOW - 10),))
    assert ask("cooldown", asked) == ask("cooldown", dataclasses.replace(asked, now=NOW + 61))


@pytest.mark.parametrize(("action_class", "rest"), [("restart", 300), ("cleanup", 3600), ("config", 900), ("deploy", 900), ("read", 300)])
def test_a_playbook_that_says_nothing_rests_as_its_class_does(action_class: str, rest: float) -> None:
    known = playbook("service-restart", cooldown=None, action_class=action_class)
    verdict = GATES["cooldown"].ask(situation(playbook=known, executions=(run(NOW - 30, NOW - 10),)))
    assert (verdict.answer, verdict.until) == ("defer", NOW - 10 + rest)


def test_the_owner_sets_how_long_a_class_rests() -> None:
    settings = config(limits={"cooldowns": {"restart": "2h"}})
    known = playbook("service-restart", cooldown=None)
    verdict = GATES["cooldown"].ask(situation(settings=settings, playbook=known, executions=(run(NOW - 30, NOW - 10),)))
    assert verdict.until == NOW - 10 + 7200


def test_the_rest_counts_from_the_end_not_from_the_start() -> None:
    assert ask("cooldown", situation(executions=(run(NOW - 600, NOW - 299),)))[0] == "defer"
    assert ask("cooldown", situation(executions=(run(NOW - 600, NOW - 300),))) == ("allow", "the cooldown of 5m is over")


def test_the_owners_rest_takes_the_playbooks_place() -> None:
    settings = config(autonomy={"actions": {"service-restart": {"cooldown": "1d"}}})
    assert ask("cooldown", situation(settings=settings, executions=(run(NOW - 7200, NOW - 7100),)))[0] == "defer"


def test_other_targets_actions_and_hosts_do_not_count() -> None:
    others = (run(NOW - 9, NOW - 5, target="db"), run(NOW - 9, NOW - 5, action="disk-cleanup"), run(NOW - 9, NOW - 5, host="h2"))
    assert ask("cooldown", situation(executions=others))[0] == "allow"


def test_an_unknown_playbook_has_no_known_rest() -> None:
    assert ask("cooldown", situation(incident(action="none"))) == ("refuse", "the cooldown of an unknown playbook is not known")
