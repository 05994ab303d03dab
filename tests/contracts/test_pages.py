"""The pages for users name what there is, neither more nor less."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing
from typing import TYPE_CHECKING, Any

import click
import msgspec
import pytest

from actor.console import pages as console_pages
from actor.console.frame import PAGES as CONSOLE_PAGES
from actor.playbook import PROTECTIONS
from actor.situation import GATES
from homeostat.config import Config
from homeostat.doctor.examination import CHECKS
from homeostat.hops import HOP_NAMES
from tests.homeostat.cli.conftest import every_command

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "grafana/README.md", *DOCS.glob("*.md"), *DOCS.glob("runbooks/*.md")]
COMMANDS = every_command()


def first_column(page: str) -> list[str]:
    """Return what stands as code in the first cell of each row of a page's tables, in order."""
    return re.findall(r"^\| `([\w-]+)`", DOCS.joinpath(page).read_text(encoding="utf-8"), re.MULTILINE)


def test_the_page_of_gates_names_each_in_the_order_in_which_it_is_asked() -> None:
    assert first_column("gates.md") == list(GATES)


def test_the_page_of_undo_names_every_protection() -> None:
    assert set(first_column("undo.md")) == set(PROTECTIONS)


def test_the_page_of_the_doctor_names_each_check_in_the_order_in_which_it_is_told() -> None:
    assert first_column("doctor.md") == list(CHECKS)


def test_the_runbook_of_the_selftest_names_each_hop_in_the_order_in_which_it_is_made() -> None:
    assert first_column("runbooks/HomeostatSelftestFailed.md") == list(HOP_NAMES)


def test_the_page_of_the_console_names_each_of_its_pages() -> None:
    opened = [str(importlib.import_module(f"{console_pages.__name__}.{name}").__doc__).split("`")[1] for name in CONSOLE_PAGES]
    shown = re.findall(r"^\| `(/[^`]*)`", DOCS.joinpath("console.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted(opened)


def said(page: pathlib.Path, pattern: str) -> list[str]:
    return re.findall(pattern, page.read_text(encoding="utf-8"), re.MULTILINE)


def kinds(annotation: Any) -> Iterator[Any]:
    """Yield a type and all that stand in its brackets."""
    yield annotation
    for argument in typing.get_args(annotation):
        yield from kinds(argument)


def has_key(section: Any, path: list[str]) -> bool:
    """Say whether a configuration of this type may have a key at `path`; a table of names takes any."""
    if not path:
        return True
    structs = [kind for kind in kinds(section) if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    if any(typing.get_origin(kind) is dict for kind in kinds(section)):
        return not structs or any(has_key(kind, path[1:]) for kind in structs)
    fields = {field.encode_name: field.type for kind in structs for field in msgspec.structs.fields(kind)}
    return path[0] in fields and has_key(fields[path[0]], path[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_key_that_a_page_names_is_one(page: pathlib.Path) -> None:
    named = [key.split(".") for key in said(page, r"`((?:[a-z_]+)(?:\.[A-Za-z_-]+)+)(?:: [^`]*)?`") if key.split(".")[0] in Config.__struct_fields__]
    assert [".".join(path) for path in named if not has_key(Config, path)] == []


@pytest.mark.parametrize("page", sorted({*PAGES, *ROOT.glob("*.md")}), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_to_which_a_page_leads_is_there(page: pathlib.Path) -> None:
    assert [link for link in said(page, r"\]\((?!\w+:|#)([^)#\s]+)") if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_is_one_with_its_options(page: pathlib.Path) -> None:
    wrong = []
    for line in said(page, r"(?:^|`)homeostat ([a-z][^`\n|#]*)"):
        ours = line.partition(" -- ")[0]
        command: click.Command | None = COMMANDS.get(ours.split()[0])
        if isinstance(command, click.Group) and len(ours.split()) > 1:
            command = command.commands.get(ours.split()[1])
        known = {flag for parameter in command.params for flag in parameter.opts} if command is not None else set()
        if command is None or not set(re.findall(r"(?<=\s)--[a-z-]+", ours)) <= known:
            wrong.append(line)
    assert wrong == []


def test_the_table_of_the_configuration_names_every_section() -> None:
    rows = re.findall(r"^\| (`[^|]*`) \|", (ROOT / "README.md").read_text(encoding="utf-8").partition("## Configuration")[2], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(Config.__struct_fields__)
