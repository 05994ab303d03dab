"""`homeostat stop`: needs neither a daemon nor a configuration that is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from homeostat.cli.__main__ import main

if TYPE_CHECKING:
    import pathlib

    from click.testing import Result


def stop(config_file: pathlib.Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config.file", str(config_file), "stop", *arguments])


@pytest.mark.parametrize(
    "written",
    ["actor: {{state_directory: {state}}}", "actor:\n  state_directory: {state}\nautonomy: {{levle: [", 'nonsense: 1\nactor: {{"state_directory": "{state}"}}'],
    ids=["whole", "no YAML", "unknown key"],
)
def test_the_stop_is_pulled_where_the_actor_looks_also_when_the_configuration_is_broken(tmp_path: pathlib.Path, written: str) -> None:
    state, config_file = tmp_path / "state", tmp_path / "homeostat.yml"
    config_file.write_text(written.format(state=state))
    result = stop(config_file, "--reason", "enough")
    assert result.exit_code == 0, result.output
    assert (state / "stop").read_text().rstrip().endswith(": enough")
    assert str(state / "stop") in result.output
