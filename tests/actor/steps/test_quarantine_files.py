"""Step `quarantine-files` on real files: what it gathers, moves, leaves, and what its oracle says."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from actor.model import Case, Command, StepFailed
from actor.playbook import STEPS
from actor.steps.quarantine_files import Options
from tests.actor.cases import case, reconfigured
from tests.support import HOUR, Host

if TYPE_CHECKING:
    import pathlib

STEP = STEPS["quarantine-files"]


def plan(about: Case, options: Options | None = None) -> tuple[Command, ...]:
    options = options or Options()
    return STEP.plan(STEP.gather(about, options), options)


def only(about: Case) -> Command:
    (command,) = plan(about)
    return command


def chosen(about: Case, options: Options | None = None) -> list[str]:
    return [file["path"] for command in plan(about, options) for file in command.arguments["files"]]


def quarantined(host: Host) -> list[str]:
    place = host.disk / ".homeostat-quarantine"
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def test_it_chooses_old_files_of_the_rules_on_the_target_oldest_first(host: Host) -> None:
    host.log("a.log.1", age=2 * HOUR)
    host.log("deep/a.log.2", age=5 * HOUR)
    host.log("young.log.1", age=60)
    host.log("other.txt")
    assert chosen(case(host, "disk")) == ["deep/a.log.2", "a.log.1"]


def test_it_stops_at_a_share_of_the_size(host: Host) -> None:
    for number in range(10):
        host.log(f"a.log.{number}", size_kib=64)
    assert len(chosen(case(host, "disk"))) == 4
    assert len(chosen(case(host, "disk"), Options(at_most_ratio=0.5))) == 8


def test_a_file_that_somebody_has_open_is_left(host: Host) -> None:
    with host.log("held.log.1").open("rb"):
        host.log("free.log.1")
        assert chosen(case(host, "disk")) == ["free.log.1"]


def test_a_rule_whose_folder_lies_elsewhere_finds_nothing(host: Host, tmp_path: pathlib.Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.log.1").write_bytes(b"x" * 5000)
    os.utime(elsewhere / "a.log.1", (0, 0))
    rules = {"cleanup": {"old-logs": {"directory": str(elsewhere)}}}
    assert plan(case(host, "disk", **rules)) == ()


def test_a_rule_whose_folder_does_not_exist_finds_nothing(host: Host) -> None:
    assert plan(case(host, "disk", cleanup={"old-logs": {"directory": str(host.disk / "nowhere")}})) == ()


def test_a_rule_that_is_not_configured_fails_and_is_named(host: Host) -> None:
    with pytest.raises(StepFailed, match="there is no cleanup rule 'new-logs' in the configuration"):
        plan(case(host, "disk"), Options(rules=("new-logs",)))


def test_the_actors_own_state_and_the_quarantine_are_never_chosen(host: Host) -> None:
    host.log("../state/old.log.1")
    host.log("../.homeostat-quarantine/earlier/old-logs/b.log.1")
    host.log("c.log.1")
    changes = {"actor": {"state_directory": str(host.disk / "state")}, "cleanup": {"old-logs": {"directory": str(host.disk)}}}
    assert chosen(case(host, "disk", **changes)) == ["logs/c.log.1"]


def test_it_moves_what_was_planned_into_its_incidents_own_part(host: Host) -> None:
    host.log("a.log.1"), host.log("deep/b\nc.log.1")
    about = case(host, "disk")
    result = STEP.perform(about, only(about))
    assert (result["moved"], result["moved_bytes"], result["left"]) == (2, 2 * 64 * 1024, 0)
    assert quarantined(host) == ["homeostat-disk-cleanup-i1/old-logs/a.log.1", "homeostat-disk-cleanup-i1/old-logs/deep/b\nc.log.1"]
    assert not [path for path in host.logs.rglob("*") if path.is_file()]


def test_a_file_written_since_the_plan_is_left_where_it_is(host: Host) -> None:
    host.log("a.log.1"), host.log("b.log.1")
    about = case(host, "disk")
    command = only(about)
    (host.logs / "a.log.1").write_text("written since")
    assert STEP.perform(about, command)["left"] == 1
    assert (host.logs / "a.log.1").read_text() == "written since"


def test_a_rule_that_changed_since_the_plan_moves_nothing(host: Host) -> None:
    host.log("a.log.1")
    about = case(host, "disk")
    command = only(about)
    with pytest.raises(StepFailed, match="the cleanup rule changed since the plan was made"):
        STEP.perform(reconfigured(about, host, cleanup={"old-logs": {"directory": "/elsewhere"}}), command)
    assert (host.logs / "a.log.1").exists()


def test_a_stop_ends_it_between_two_files(host: Host) -> None:
    host.log("a.log.1"), host.log("b.log.1")
    answers = iter([False, True])
    about = case(host, "disk", stopped=lambda: next(answers))
    with pytest.raises(StepFailed, match="stopped after 1 of 2 files"):
        STEP.perform(about, only(about))
    assert len(quarantined(host)) == 1


def test_its_oracle_tells_nothing_some_and_all(host: Host) -> None:
    host.log("a.log.1"), host.log("b.log.1")
    about = case(host, "disk")
    command = only(about)
    assert STEP.oracle(about, command) == "none"
    answers = iter([False, True])
    with pytest.raises(StepFailed):
        STEP.perform(case(host, "disk", stopped=lambda: next(answers)), command)
    assert STEP.oracle(about, command) == "partial"
    STEP.perform(about, command)
    assert STEP.oracle(about, command) == "done"


def test_performing_it_again_moves_the_rest(host: Host) -> None:
    host.log("a.log.1"), host.log("b.log.1")
    about = case(host, "disk")
    command = only(about)
    STEP.perform(about, command)
    assert STEP.perform(about, command)["moved"] == 0
    assert len(quarantined(host)) == 2
