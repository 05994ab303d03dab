"""Gate `drifted`: a restart never deploys an edit that nobody asked for."""

from __future__ import annotations

import msgspec

from tests.actor.gates.situations import RUNNING, ask, incident, situation
from tests.support import DISK


def test_an_edited_unit_is_left_to_a_person() -> None:
    edited = msgspec.structs.replace(RUNNING, needs_reload=True)
    assert ask("drifted", situation(unit_state=edited)) == ("refuse", "its unit was edited since it was loaded: a restart would deploy that")


def test_a_unit_whose_file_is_newer_than_what_runs_is_left_to_a_person() -> None:
    edited = msgspec.structs.replace(RUNNING, edited="/etc/systemd/system/web.service.d/more.conf")
    assert ask("drifted", situation(unit_state=edited)) == (
        "refuse",
        "/etc/systemd/system/web.service.d/more.conf is newer than what runs: a restart would deploy that",
    )


def test_a_manager_that_does_not_answer_is_a_no() -> None:
    assert ask("drifted", situation(unit_state=None)) == ("refuse", "the manager does not say how the service is")


def test_a_unit_as_it_was_loaded_may_be_restarted() -> None:
    assert ask("drifted", situation()) == ("allow", "it runs what is declared")


def test_a_cleanup_touches_no_unit() -> None:
    assert ask("drifted", situation(incident(DISK), unit_state=None)) == ("allow", "no service is touched")
