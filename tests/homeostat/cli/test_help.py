"""`homeostat --help` says of each command what it is for, in a line that is not cut off."""

from __future__ import annotations

import click
import pytest

from homeostat.cli.__main__ import main
from tests.homeostat.cli.conftest import every_command

GROUPS = {"": main, **{name: command for name, command in every_command().items() if isinstance(command, click.Group)}}


@pytest.mark.parametrize("name", GROUPS)
def test_no_commands_line_is_cut_off_on_a_terminal_of_eighty_columns(name: str) -> None:
    group = GROUPS[name]
    context = click.Context(group, info_name="homeostat", terminal_width=78)
    cut = [line for line in group.get_help(context).splitlines() if line.endswith("...") and not line.startswith("Usage:")]
    assert cut == []
