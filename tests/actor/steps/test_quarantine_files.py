"""Step `quarantine-files` on real files: what it gathers, moves, leaves, and what its oracle says."""

from __future__ import annotations

import dataclasses
import errno
import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from actor.disk import rule
from actor.model import Case, Command, Prediction, StepFailed
from actor.playbook import STEPS
from actor.steps import quarantine_files
from actor.steps.quarantine_files import Options
from tests.actor.cases import case, reconfigured
from tests.support import HOUR, KIB, Host

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
    assert chosen(case(host, "disk", filesystems={"disk": {"free_target": 1}})) == ["deep/a.log.2", "a.log.1"]


def test_it_stops_at_a_share_of_the_size(host: Host) -> None:
    for number in range(10):
        host.log(f"a.log.{number}", size_kib=64)
    everything = case(host, "disk", filesystems={"disk": {"free_target": 1}})
    assert len(chosen(everything)) == 4
    assert len(chosen(everything, Options(at_most_ratio=0.5))) == 8


def target(host: Host, free_target: float) -> Case:
    return case(host, "disk", filesystems={"disk": {"free_target": free_target}})


def test_it_plans_for_the_target_and_a_fifth_of_misprediction_in_whole_twentieths(host: Host) -> None:
    for number in range(10):
        host.log(f"a.log.{number}", size_kib=64)
    # 384 KiB are free. A tenth of a MiB more is wanted, an eighth in case of a misprediction, so three twentieths are planned.
    assert len(chosen(target(host, 0.475))) == 3


def test_a_plan_stays_the_same_while_the_disk_goes_on_filling_a_little(host: Host) -> None:
    for number in range(10):
        host.log(f"a.log.{number}", size_kib=64)
    before = plan(target(host, 0.475))
    (host.disk / "growing").write_bytes(os.urandom(16 * KIB))
    assert plan(target(host, 0.475)) == before


def test_where_the_target_is_free_already_a_twentieth_is_freed_for_it_was_forecast_to_fill(host: Host) -> None:
    for number in range(5):
        host.log(f"a.log.{number}", size_kib=32)
    assert len(chosen(target(host, 0.2))) == 4


def test_what_steps_before_it_free_is_not_wanted_again(host: Host) -> None:
    for number in range(10):
        host.log(f"a.log.{number}", size_kib=64)
    frees = Prediction(least_bytes=64 * KIB, most_bytes=64 * KIB)
    before = Command(step="journal-vacuum", summary="", arguments={}, expected="", oracle="", irreversible=True, frees=frees)
    assert len(chosen(dataclasses.replace(target(host, 0.475), planned=(before,)))) == 2


def test_rules_are_cleaned_in_the_order_of_the_configuration(host: Host) -> None:
    host.log("a.dump", age=9 * HOUR), host.log("b.log.1", age=2 * HOUR)
    rules = {"dumps": {"directory": str(host.logs), "pattern": "*.dump", "older_than": "1h"}}
    about = case(host, "disk", cleanup=rules, filesystems={"disk": {"free_target": 1}})
    reversed_rules = dataclasses.replace(about, config=msgspec.structs.replace(about.config, cleanup=dict(reversed(about.config.cleanup.items()))))
    assert [chosen(about), chosen(reversed_rules)] == [["a.dump", "b.log.1"], ["b.log.1", "a.dump"]]


def test_a_file_that_two_rules_name_goes_once_by_the_first(host: Host) -> None:
    host.log("a.log.1")
    rules = {"more-logs": {"directory": str(host.logs), "pattern": "a.*", "older_than": "1h"}}
    assert chosen(case(host, "disk", cleanup=rules)) == ["a.log.1"]


def test_what_stays_is_told_with_its_reason(host: Host) -> None:
    (host.logs / "link.log.1").hardlink_to(host.log("a.log.1"))
    host.log("empty.log.1", size_kib=0)
    with host.log("b.log.1").open("rb"):
        facts = STEP.gather(case(host, "disk"), Options())
    assert STEP.left(facts) == (
        "rule old-logs: 1 file would free nothing, for no block is theirs, and stays",
        "rule old-logs: 1 file in use stays",
        "rule old-logs: 2 files known by a second name stay",
    )


def test_no_plan_is_larger_than_a_journal_should_hold(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        host.log(f"{'x' * 200}.log.{number}", size_kib=4)
    about = case(host, "disk", filesystems={"disk": {"free_target": 1}})
    monkeypatch.setattr(quarantine_files, "MOST_PATH_BYTES", 1000)
    assert len(chosen(about)) == 4
    monkeypatch.setattr(rule, "MOST_FILES", 3)
    assert len(chosen(about)) == 3


def test_a_file_system_too_full_to_move_anything_is_a_failure_that_says_so(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.log("a.log.1")
    about = case(host, "disk")
    command = only(about)

    def full(*names: str, **folders: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(StepFailed, match="files could not be moved into the quarantine: the file system is full, after 0 of 1"):
        STEP.perform(about, command)
    assert (host.logs / "a.log.1").exists()


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


def test_a_rule_whose_folder_only_seems_to_lie_there_finds_nothing_and_says_so(host: Host) -> None:
    nowhere = host.disk / "nowhere"
    facts = STEP.gather(case(host, "disk", cleanup={"old-logs": {"directory": str(nowhere)}}), Options())
    assert STEP.plan(facts, Options()) == ()
    assert STEP.left(facts) == (f"rule old-logs: {nowhere} is not there, or is another file system or subvolume than {host.disk}, and stays as it is",)


def test_a_rule_that_is_not_configured_fails_and_is_named(host: Host) -> None:
    with pytest.raises(StepFailed, match="there is no cleanup rule 'new-logs' in the configuration"):
        plan(case(host, "disk"), Options(rules=("new-logs",)))


def test_the_actors_own_state_and_the_quarantine_are_never_chosen(host: Host) -> None:
    host.log("../state/old.log.1")
    host.log("../.homeostat-quarantine/earlier/old-logs/b.log.1")
    host.log("c.log.1")
    changes = {"actor": {"state_directory": str(host.disk / "state")}, "cleanup": {"old-logs": {"directory": str(host.disk)}}}
    assert chosen(case(host, "disk", **changes)) == ["logs/c.log.1"]


def test_it_moves_what_was_planned_slice_by_slice_into_its_incidents_own_part(host: Host) -> None:
    host.log("a.log.1"), host.log("deep/b\nc.log.1")
    about = case(host, "disk", filesystems={"disk": {"free_target": 1}})
    assert [STEP.perform(about, command) for command in plan(about)] == [{"moved": 1, "left": 0}] * 2
    part = "homeostat-disk-cleanup-i1"
    assert quarantined(host) == [f"{part}/1/old-logs/a.log.1", f"{part}/2/old-logs/deep/b\nc.log.1"]
    assert not [path for path in host.logs.rglob("*") if path.is_file()]


def test_a_file_written_since_the_plan_is_left_where_it_is(host: Host) -> None:
    host.log("a.log.1", 16), host.log("b.log.1", 16)
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
    host.log("a.log.1", 16), host.log("b.log.1", 16)
    answers = iter([False, True])
    about = case(host, "disk", stopped=lambda: next(answers))
    with pytest.raises(StepFailed, match="stopped after 1 of 2 files"):
        STEP.perform(about, only(about))
    assert len(quarantined(host)) == 1


def test_its_oracle_tells_nothing_some_and_all(host: Host) -> None:
    host.log("a.log.1", 16), host.log("b.log.1", 16)
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
    host.log("a.log.1", 16), host.log("b.log.1", 16)
    about = case(host, "disk")
    command = only(about)
    STEP.perform(about, command)
    assert STEP.perform(about, command)["moved"] == 0
    assert len(quarantined(host)) == 2
