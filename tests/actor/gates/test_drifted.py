"""Gate `drifted`: a restart never deploys an edit that nobody asked for."""

from __future__ import annotations

import msgspec

from tests.actor.gates.situations import RUNNING, ask, incident, playbook, situation
from tests.support import DISK, WEB


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


def test_what_is_there_to_deploy_an_edit_may_deploy_it() -> None:
    edited = msgspec.structs.replace(RUNNING, needs_reload=True)
    deploying = situation(unit_state=edited, playbook=playbook("drift-reconciliation"))
    assert ask("drifted", deploying) == ("allow", "to deploy what is declared is what it is for, and its plan shows that")


def test_drift_that_is_major_is_riskier_than_minor_and_never_without_a_person() -> None:
    known = playbook("drift-reconciliation")
    assert (known.file.risk_of("config_drift_minor"), known.file.risk_of("config_drift_major")) == ("medium", "high")
    about = incident(WEB._replace(problem="config_drift_major"))
    assert ask("confirmation", situation(about, playbook=known)) == ("confirm", "the risk is high")
    assert ask("confirmation", situation(incident(WEB._replace(problem="config_drift_minor")), playbook=known))[0] == "allow"
