"""Every command can be read by a program and is told of in docs/terminal.md."""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING

import click
import pytest

from homeostat.cli.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = pathlib.Path(__file__).parents[2] / "docs/terminal.md"
# What prints something that has a form of its own.
OTHERWISE = {
    "completion": "a shell's script",
    "config sample": "a homeostat.yml",
    "generate alertmanager": "Alertmanager's own file, or its difference",
    "generate prometheus": "Prometheus' own file, or its difference",
    "guard": "what the guarded command prints; how it ended says the exit code",
    "journal export": "JSON lines",
}


def commands(group: click.Group = main, before: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(commands())


def test_every_command_prints_json_when_it_is_asked_to_unless_there_is_a_reason() -> None:
    without = {name for name, command in COMMANDS.items() if not any("--json" in parameter.opts for parameter in command.params)}
    assert without == set(OTHERWISE)


def test_the_page_names_every_command() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`{name}" not in page] == []


def written(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (command, its options) of what a page or a sentence of the code tells people to type."""
    for typed in re.findall(r"homeostat ((?:[a-z-]+)(?: [^\s`\"'|;]+)*)", text):
        words = typed.split()
        name = next((name for name in (" ".join(words[:2]), words[0]) if name in COMMANDS), None)
        if name is not None and name != "guard":
            yield name, [found[0] for word in words if (found := re.match(r"--[a-z]+(?:[-.][a-z]+)*", word))]


@pytest.mark.parametrize("folder", ["docs", "homeostat", "actor", "exporter", "alert-rules", "grafana", "README.md"])
def test_whatever_people_are_told_to_type_can_be_typed(folder: str) -> None:
    top = PAGE.parents[1] / folder
    files = [top] if top.is_file() else [path for path in top.rglob("*") if path.suffix in {".md", ".py", ".yml", ".html"}]
    told = [(str(path.relative_to(PAGE.parents[1])), *one) for path in files for one in written(path.read_text(encoding="utf-8"))]
    assert told
    known = {name: {option for parameter in command.params for option in parameter.opts} | {"--help", "--config.file"} for name, command in COMMANDS.items()}
    assert [(path, name, option) for path, name, options in told for option in options if option not in known[name]] == []
