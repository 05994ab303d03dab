"""`homeostat guard` and `homeostat snapshots`: a person's own command under the same protections, without any actor."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import pytest
import yaml
from click.testing import CliRunner

from actor import deeds, guarded
from actor.pruning import choose
from homeostat.cli.__main__ import main
from homeostat.clock import SystemClock
from homeostat.config import Config, load
from tests.real import subvolume
from tests.support import DAY

if TYPE_CHECKING:
    import pathlib

    from click.testing import Result

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="what a guard keeps, only root may write")


@dataclasses.dataclass
class Desk:
    """A folder of a person's, a configuration, and the CLI."""

    folder: pathlib.Path
    data: pathlib.Path

    def write(self, **changes: object) -> pathlib.Path:
        path = self.folder / "homeostat.yml"
        path.write_text(yaml.safe_dump({"host": "h1", "actor": {"state_directory": str(self.folder / "state")}} | changes))
        return path

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["--config.file", str(self.write()), *arguments])

    def guard(self, script: str, *options: str) -> Result:
        return self.run("guard", "--path", str(self.data), *options, "--", "sh", "-c", f"cd {self.data} && {script}")

    @property
    def config(self) -> Config:
        return load(self.write(), Config)

    @property
    def one(self) -> guarded.Guarded:
        return guarded.everything(self.config)[-1]


@pytest.fixture
def desk(tmp_path: pathlib.Path) -> Desk:
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "file").write_text("before")
    (data / "deep" / "other").write_text("before")
    return Desk(tmp_path, data)


def test_a_path_that_is_not_there_is_told_so_for_it_may_be_a_slip(desk: Desk) -> None:
    told = desk.run("guard", "--path", f"{desk.data}/fiel", "--path", f"{desk.data}/file", "--", "true")
    assert f"protected: {desk.data}/fiel (not there yet), {desk.data}/file\n" in told.output


def test_what_a_good_command_did_is_kept_and_can_be_undone(desk: Desk) -> None:
    told = desk.guard("echo after >file && rm -r deep && echo new >made", "--check", f"grep -q after {desk.data}/file")
    assert told.exit_code == 0
    assert "kept; it can be undone until 2" in told.output
    assert (desk.data / "file").read_text() == "after\n"
    undone = desk.run("guard", "--undo", desk.one.id)
    assert undone.exit_code == 0
    assert ((desk.data / "file").read_text(), (desk.data / "deep" / "other").read_text(), (desk.data / "made").exists()) == ("before", "before", False)


def test_a_command_that_fails_is_rolled_back_and_the_exit_code_says_so(desk: Desk) -> None:
    told = desk.guard("echo after >file; echo new >made; exit 3")
    assert told.exit_code == 10
    assert "the command failed with exit code 3; rolling back" in told.output
    assert ((desk.data / "file").read_text(), (desk.data / "made").exists()) == ("before", False)
    assert desk.one.state == "rolled_back"


def test_a_check_that_fails_rolls_back_what_a_good_command_did(desk: Desk) -> None:
    told = desk.guard("echo after >file", "--check", "false")
    assert told.exit_code == 10
    assert "the check failed with exit code 1" in told.output
    assert (desk.data / "file").read_text() == "before"


@pytest.mark.parametrize("ending", ["true", "false"])
def test_where_it_cannot_be_noted_what_a_command_left_nobody_says_that_nothing_was_run(desk: Desk, ending: str) -> None:
    told = desk.guard(f"echo after >file; rm -r {desk.folder}/state/preimages; {ending}")
    assert told.exit_code == 12
    assert "what it left could not be noted or put back" in told.output
    assert (desk.one.state, (desk.data / "file").read_text()) == ("running", "after\n")


def test_what_is_not_there_cannot_be_started_and_nothing_changes(desk: Desk) -> None:
    told = desk.run("guard", "--path", str(desk.data), "--", "/no/such/program")
    assert (told.exit_code, desk.one.state) == (10, "rolled_back")


def test_what_somebody_edited_since_is_left_by_a_later_undo(desk: Desk) -> None:
    desk.guard("echo after >file; echo after >deep/other")
    (desk.data / "file").write_text("by a person, later")
    told = desk.run("guard", "--undo", desk.one.id)
    assert told.exit_code == 11
    assert f"left, for somebody touched it: {desk.data}/file" in told.output
    assert ((desk.data / "file").read_text(), (desk.data / "deep" / "other").read_text()) == ("by a person, later", "before")


def test_a_dry_run_shows_what_would_go_back(desk: Desk) -> None:
    desk.guard("echo after >file")
    told = desk.run("guard", "--undo", desk.one.id, "--dry-run")
    assert (told.exit_code, (desk.data / "file").read_text()) == (0, "after\n")
    assert f"would go back: {desk.data}/file" in told.output


def test_what_cannot_be_protected_is_not_run(desk: Desk) -> None:
    desk.write(protections={"preimage_most": "1B"})
    told = CliRunner().invoke(main, ["--config.file", str(desk.folder / "homeostat.yml"), "guard", "--path", str(desk.data), "--", "touch", str(desk.data / "ran")])
    assert told.exit_code == 1
    assert "more than 10000 or protections.preimage_most 1" in told.output
    assert not (desk.data / "ran").exists()
    assert guarded.everything(desk.config) == []


@pytest.mark.parametrize("arguments", [[], ["--path", "/srv"], ["--", "true"], ["--undo", "x", "--path", "/srv", "--", "true"]])
def test_half_a_wish_is_a_usage_error(desk: Desk, arguments: list[str]) -> None:
    assert desk.run("guard", *arguments).exit_code == 2


def test_the_actors_own_state_cannot_be_guarded(desk: Desk) -> None:
    told = desk.run("guard", "--path", str(desk.folder), "--", "true")
    assert (told.exit_code, "holds the actor's own state" in told.output) == (1, True)


def test_an_unknown_id_is_one_line(desk: Desk) -> None:
    told = desk.run("guard", "--undo", "ffff")
    assert (told.exit_code, len(told.output.splitlines())) == (1, 1)


def test_after_a_kill_nothing_is_reverted_blindly_and_the_old_state_is_there_to_take(desk: Desk) -> None:
    argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(desk.write()), "guard", "--path", str(desk.data), "--", "sh", "-c"]
    started = subprocess.Popen([*argv, f"echo after >{desk.data}/file; touch {desk.folder}/there; exec sleep 60"], start_new_session=True)
    while not (desk.folder / "there").exists():
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    assert desk.one.state == "running"
    told = desk.run("guard", "--undo", desk.one.id)
    assert told.exit_code == 11
    assert "changed, and nobody knows by whom; its old state is in" in told.output
    name = guarded.name_of(desk.one)
    assert desk.run("snapshots", "restore", name, "--path", f"{desk.data}/file", "--to", str(desk.folder)).exit_code == 0
    assert (desk.folder / "file").read_text() == "before"


def test_an_interrupt_ends_the_command_and_rolls_back(desk: Desk) -> None:
    argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(desk.write()), "guard", "--path", str(desk.data), "--", "sh", "-c"]
    started = subprocess.Popen([*argv, f"echo after >{desk.data}/file; touch {desk.folder}/there; exec sleep 60"], start_new_session=True)
    while not (desk.folder / "there").exists():
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)
    assert started.wait() == 10
    assert (desk.data / "file").read_text() == "before"


def test_what_a_running_guard_needs_does_not_go_for_want_of_space_and_all_goes_with_age(desk: Desk) -> None:
    desk.guard("echo after >file")
    config = desk.config
    guarded.put(config, with_state(desk.one, "running"))
    assert (len(deeds.all_kept(config)), deeds.kept(config)) == (1, [])
    guarded.put(config, with_state(desk.one, "kept"))
    (stored,) = deeds.kept(config)
    now = SystemClock().now()
    assert choose([stored], [], set(), (now + 6 * DAY, config.protections)) is None
    assert choose([stored], [], set(), (now + 8 * DAY, config.protections)) is not None
    deeds.discard(config, stored.key)
    assert (deeds.all_kept(config), guarded.everything(config)) == ([], [])


def with_state(one: guarded.Guarded, state: guarded.State) -> guarded.Guarded:
    return msgspec.structs.replace(one, state=state)


def test_an_undo_that_is_really_killed_again_and_again_is_finished_by_the_next(desk: Desk) -> None:
    for number in range(300):
        (desk.data / f"{number}").write_text(f"before {number}")
    desk.guard("for f in *; do echo after >$f; done; rm 1* 2>/dev/null; mkdir new; echo made >new/file; true")
    (desk.data / "299").write_text("by a person")
    undo = [sys.executable, "-m", "homeostat.cli", "--config.file", str(desk.write()), "guard", "--undo", desk.one.id]
    for back in (20, 80, 150):
        started = subprocess.Popen(undo, stderr=subprocess.DEVNULL)
        # Somewhere in the midst of it: when so many files are back.
        while started.poll() is None and sum(path.read_text().startswith("before") for path in desk.data.glob("[0-9]*")) < back:
            time.sleep(0.001)
        started.kill()
        started.wait()
    assert desk.run("guard", "--undo", desk.one.id).exit_code == 11
    assert (desk.data / "299").read_text() == "by a person"
    assert {path.name: path.read_text() for path in desk.data.glob("[0-9]*")} == {f"{n}": f"before {n}" for n in range(299)} | {"299": "by a person"}
    assert sorted(path.name for path in desk.data.iterdir() if not path.name.isdigit()) == ["deep", "file"]


def test_what_a_guard_wrote_down_and_nobody_can_read_is_one_line_wherever_it_is_asked(desk: Desk) -> None:
    desk.guard("true")
    (desk.folder / "state" / "guarded" / f"{desk.one.id}.json").write_text("{")
    for arguments in (("snapshots", "list"), ("guard", "--undo", "x"), ("snapshots", "restore", "homeostat-guard-x", "--path", "/srv/x")):
        told = desk.run(*arguments)
        assert (told.exit_code, len(told.output.splitlines())) == (1, 1)
        assert "is not what a guard wrote down" in told.output
    with pytest.raises(OSError, match="is not what a guard wrote down"):
        deeds.kept(desk.config)


# What is kept, by hand.


def test_what_is_kept_is_listed_and_taken_out_file_by_file_and_never_over_anything(desk: Desk) -> None:
    desk.guard("echo after >file; rm -r deep")
    name = guarded.name_of(desk.one)
    assert name in desk.run("snapshots", "list").output
    refused = desk.run("snapshots", "restore", name, "--path", f"{desk.data}/file")
    assert refused.exit_code == 1
    assert "is there already and was not replaced" in refused.output
    assert (desk.data / "file").read_text() == "after\n"
    assert desk.run("snapshots", "restore", name, "--path", f"{desk.data}/deep").exit_code == 0
    assert (desk.data / "deep" / "other").read_text() == "before"


def test_what_a_killed_restore_left_is_in_no_later_ones_way(desk: Desk) -> None:
    desk.guard("rm -r file deep")
    name = guarded.name_of(desk.one)
    for path in (desk.data / "file", desk.data / "deep"):
        left = desk.data / f".homeostat-restore-{hashlib.sha256(path.name.encode()).hexdigest()[:16]}"
        left.write_text("half of it")
        told = desk.run("snapshots", "restore", name, "--path", str(path))
        assert (told.exit_code, left.exists()) == (0, False)
    assert (desk.data / "file").read_text() == "before"


@pytest.mark.parametrize(("name", "path"), [("homeostat-x-y", "/srv"), ("../../etc", "/srv"), (None, "/etc/passwd"), (None, "relative"), (None, "/srv/../etc")])
def test_what_is_not_kept_cannot_be_taken_out(desk: Desk, name: str | None, path: str) -> None:
    desk.guard("true")
    told = desk.run("snapshots", "restore", name or guarded.name_of(desk.one), "--path", path)
    assert (told.exit_code, len(told.output.splitlines())) == (1, 1)


@pytest.mark.integration
def test_a_subvolume_is_guarded_by_a_snapshot(desk: Desk, btrfs: pathlib.Path) -> None:
    root = subvolume(btrfs / desk.folder.name)
    (root / "file").write_text("before")
    told = desk.run("guard", "--path", str(root), "--path", str(desk.data), "--", "sh", "-c", f"echo after >{root}/file; rm {desk.data}/file; false")
    assert told.exit_code == 10
    assert ((root / "file").read_text(), (desk.data / "file").read_text()) == ("before", "before")
    assert sorted(record["protection"] for record in desk.one.records) == ["preimage", "snapshot"]
    kept = {stored.protection: stored for stored in deeds.kept(desk.config)}
    assert sorted(kept) == ["preimage", "snapshot"]
    deeds.discard(desk.config, kept["preimage"].key)
    deeds.discard(desk.config, kept["snapshot"].key)
    assert (list((root / ".homeostat-snapshots").iterdir()), guarded.everything(desk.config)) == ([], [])
