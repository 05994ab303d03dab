"""`homeostat stop`: needs neither a daemon nor a configuration that is whole."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from actor.world import StopSwitch
from homeostat.cli.__main__ import main
from tests.real import mounted

if TYPE_CHECKING:
    import pathlib

    from click.testing import Result


def stop(config_file: pathlib.Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config.file", str(config_file), "stop", *arguments])


@pytest.mark.parametrize(
    "written",
    [
        "actor: {{state_directory: {state}}}",
        "actor:\n  state_directory: {state}\nautonomy: {{levle: [",
        'nonsense: 1\nactor: {{"state_directory": "{state}"}}',
        "actor: {{state_directory: {state}}}\nalertmanager: {{config_file: /nowhere/alertmanager.yml, time_intervals: [night]}}",
    ],
    ids=["whole", "no YAML", "unknown key", "no Alertmanager's file"],
)
def test_the_stop_is_pulled_where_the_actor_looks_also_when_the_configuration_is_broken(tmp_path: pathlib.Path, written: str) -> None:
    state, config_file = tmp_path / "state", tmp_path / "homeostat.yml"
    config_file.write_text(written.format(state=state))
    result = stop(config_file, "--reason", "enough")
    assert result.exit_code == 0, result.output
    assert (state / "stop").read_text().rstrip().endswith(": enough")
    assert str(state / "stop") in result.output


def test_places_that_contradict_each_other_are_no_reason_not_to_stop(tmp_path: pathlib.Path) -> None:
    (tmp_path / "homeostat.yml").write_text(f"actor: {{state_directory: {tmp_path}/s, executor_directory: {tmp_path}/s/e}}\n")
    assert stop(tmp_path / "homeostat.yml").exit_code == 0
    assert (tmp_path / "s" / "e" / "stop").exists()


@pytest.mark.integration
@pytest.mark.parametrize("option", ["size=64k", "nr_inodes=6"], ids=["no room for its words", "no room for its name"])
def test_a_full_disk_is_no_reason_not_to_stop(tmp_path: pathlib.Path, option: str) -> None:
    (tmp_path / "homeostat.yml").write_text(f"actor: {{state_directory: {tmp_path}/disk/state}}\n")
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", option, "tmpfs") as disk:
        state = disk / "state"
        state.mkdir()
        (state / "ballast").write_bytes(b"x" * 4096)
        with contextlib.suppress(OSError):
            for number in range(100):
                (disk / str(number)).write_bytes(b"x" * 4096)
        result = stop(tmp_path / "homeostat.yml", "--reason", "full")
        assert (result.exit_code, (state / "stop").read_text().endswith(": full\n")) == (0, True), result.output
        assert not (state / "ballast").exists()


@pytest.mark.integration
def test_a_stop_whose_words_find_no_room_holds_all_the_same(tmp_path: pathlib.Path) -> None:
    (tmp_path / "homeostat.yml").write_text(f"actor: {{state_directory: {tmp_path}/disk}}\n")
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=16k", "tmpfs") as disk:
        with contextlib.suppress(OSError):
            for number in range(100):
                (disk / str(number)).write_bytes(b"x" * 4096)
        result = stop(tmp_path / "homeostat.yml")
        assert result.exit_code == 0
        assert "the reason could not be written; the stop holds" in result.output
        assert StopSwitch(str(disk)).reason() == "no reason was given"
