"""Gate `concurrency`: one action at a time per target, per host, per class."""

from __future__ import annotations

from actor.model import Undoing
from actor.situation import GATES
from tests.actor.gates.situations import NOW, ask, run, situation


def test_nothing_running_is_allowed() -> None:
    assert ask("concurrency", situation(executions=(run(NOW - 60, NOW - 50),))) == ("allow", "nothing else is running")


def test_another_run_on_the_host_defers_for_some_seconds() -> None:
    other = run(NOW - 3, None, target="db", action="disk-cleanup", action_class="cleanup")
    verdict = GATES["concurrency"].ask(situation(executions=(other,)))
    assert (verdict.answer, verdict.reason, verdict.until) == ("defer", "disk-cleanup on db is running", NOW + 5)


def test_a_run_of_the_same_class_defers_even_elsewhere() -> None:
    assert ask("concurrency", situation(executions=(run(NOW - 3, None, target="db", host="h2"),)))[0] == "defer"


def test_a_run_of_another_class_elsewhere_does_not_concern_us() -> None:
    other = run(NOW - 3, None, target="db", host="h2", action_class="cleanup")
    assert ask("concurrency", situation(executions=(other,)))[0] == "allow"


def test_its_own_run_does_not_stand_in_its_way() -> None:
    assert ask("concurrency", situation(executions=(run(NOW - 3, None, incident_id="i1"),)))[0] == "allow"


def test_nothing_starts_while_a_person_undoes() -> None:
    verdict = GATES["concurrency"].ask(situation(undoing=(Undoing("0a1b", "db"),)))
    assert (verdict.answer, verdict.reason, verdict.until) == ("defer", "an undo on db is running", NOW + 5)
