"""What to do about a target: which action answers, how it went before, and by which command a person has it run."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.questions.advising import Case, advise, record_lines
from tests.homeostat.cli.conftest import incident

LEAK = (("memory_leak", 0.9),)
KNOWN = {"known": {"name": "oom-loop", "confidence": 0.8, "sentence": "memory runs out again and again", "action": "service-restart"}}


def case(**changes: Any) -> Case:
    usual: dict[str, Any] = {
        "target": "web", "asserted": LEAK, "actions": {"memory_leak": "service-restart"}, "decisions": {"memory_leak": "propose"}, "looked": None, "incidents": (), "proposals": (),
    }  # fmt: skip
    return Case(**usual | changes)


def told(**changes: Any) -> str:
    return " ".join(advise(case(**changes)))


def test_what_waits_is_approved() -> None:
    said = told(proposals=(incident(id="77"),), incidents=(incident(), incident(outcome="failed"), incident()))
    assert "What answers it is service-restart. Here it succeeded 2 of 3 times in 90 days" in said
    assert "`homeostat approve 77` runs it" in said


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ({"outcome": "refused", "reason": "a silence"}, "`homeostat again 0a1b2c3d` has service-restart proposed anew"),
        ({"outcome": "alerted"}, "too unsure to act: `homeostat why 0a1b2c3d`"),
        ({"outcome": None, "state": "deferred", "reason": "its window"}, "incident 0a1b2c3d is deferred, its window"),
        ({"outcome": "succeeded", "episode_ended_at": 1.0}, "the actor has not heard of it: `homeostat doctor`"),
    ],
)
def test_how_it_is_run_follows_from_where_it_stands(last: dict[str, Any], words: str) -> None:
    assert words in told(incidents=(incident(**last),))


def test_what_runs_by_itself_is_left_to_it() -> None:
    assert "runs by itself unless a gate says no" in told(decisions={"memory_leak": "auto-execute"})


def test_what_did_not_help_is_doubted() -> None:
    assert "look for the cause first" in told(incidents=(incident(outcome="failed"), incident(outcome="rolled_back"), incident()))


def test_a_problem_without_a_playbook_is_a_persons() -> None:
    assert "No playbook answers memory_leak here" in told(actions={})


def test_without_a_problem_what_is_seen_and_what_was_done_speak() -> None:
    assert "looks like oom-loop (80%): memory runs out again and again. What that calls for is service-restart. It succeeded here 1 of 1 times" in told(asserted=(), looked=KNOWN, incidents=(incident(),))
    assert "It calls for a person." in told(asserted=(), looked={"known": {**KNOWN["known"], "action": None}})
    assert "it was service-restart against memory_leak, and it ended succeeded" in told(asserted=(), looked={"known": None}, incidents=(incident(),))
    assert told(asserted=()) == "No problem is asserted at web, so Homeostat does nothing there by itself."


def test_of_a_host_is_told_what_is_asserted_on_it_and_never_that_nothing_is() -> None:
    within = (("service_down", "web1", 1.0),)
    assert told(target="nas", asserted=(), within=within) == "service_down is asserted at web1 there, 100% sure: ask what is wrong with web1. No problem is asserted at nas itself."


def test_the_record_is_told_by_action_here_and_elsewhere() -> None:
    lines = list(record_lines("web", [incident(), incident(outcome="failed")], [incident(target="blog")]))
    assert lines == [
        "At web service-restart against memory_leak succeeded 1 of 2 times in 90 days.",
        "Elsewhere service-restart against memory_leak succeeded 1 of 1 times in 90 days.",
    ]
