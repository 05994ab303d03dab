"""Gate `once`: at most one execution of an action in one episode."""

from __future__ import annotations

from tests.actor.gates.situations import NOW, ask, run, situation


def test_the_first_run_is_allowed() -> None:
    assert ask("once", situation()) == ("allow", "the first run in this episode")


def test_a_second_run_in_the_same_episode_is_refused() -> None:
    earlier = run(NOW - 4000, NOW - 3990, incident_id="i1")
    assert ask("once", situation(executions=(earlier,))) == ("refuse", "service-restart has run already in this episode")


def test_another_action_or_another_episode_does_not_count() -> None:
    others = (run(NOW - 10, NOW - 5), run(NOW - 10, NOW - 5, incident_id="i1", action="disk-cleanup"))
    assert ask("once", situation(executions=others))[0] == "allow"
