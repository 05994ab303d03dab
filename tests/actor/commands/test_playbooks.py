"""`homeostat playbooks`: what there is, what it means, and what it plans from facts, with no host touched."""

from __future__ import annotations

import pathlib
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from actor.playbook import BUILT_IN, load_playbooks
from homeostat.cli.__main__ import main

if TYPE_CHECKING:
    from click.testing import Result

DOCS = pathlib.Path(__file__).parents[3] / "docs" / "playbooks"


@pytest.fixture
def own(tmp_path: pathlib.Path) -> pathlib.Path:
    """Lay a folder of the owner's playbooks with the one of the pages, and a configuration that names it."""
    folder = tmp_path / "playbooks"
    folder.mkdir()
    shutil.copy(DOCS / "maintenance-page.yml", folder)
    (tmp_path / "homeostat.yml").write_text(yaml.safe_dump({"host": "h1", "actor": {"playbook_directory": str(folder)}}))
    return folder


def run(own: pathlib.Path, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["--config.file", str(own.parent / "homeostat.yml"), "playbooks", *arguments], input=typed)


def test_the_list_names_each_playbook_and_where_it_comes_from(own: pathlib.Path) -> None:
    lines = run(own, "list").stdout.splitlines()
    rows = {line.split()[0]: line for line in lines[1:]}
    assert set(rows) == {"maintenance-page", *load_playbooks(None)}
    assert "too_many_visitors" in rows["maintenance-page"]
    assert rows["maintenance-page"].rstrip().endswith("your own")
    assert rows["disk-cleanup"].split()[-1] == "built-in"


def test_a_playbook_is_shown_as_it_stands_and_in_words(own: pathlib.Path) -> None:
    shown = run(own, "show", "maintenance-page").stdout
    assert (own / "maintenance-page.yml").read_text() in shown
    assert "step 1, command: Runs a program of the owner's" in shown
    assert "protection command: The owner's own undo" in shown


@pytest.mark.parametrize("name", load_playbooks(None))
def test_every_built_in_playbook_can_be_shown(own: pathlib.Path, name: str) -> None:
    shown = run(own, "show", name)
    assert (shown.exit_code, BUILT_IN.joinpath(f"{name}.yml").read_text() in shown.stdout) == (0, True)


def test_a_plan_is_told_with_what_it_runs_what_that_brings_and_what_can_be_undone(own: pathlib.Path) -> None:
    facts = (DOCS / "facts" / "disk-cleanup.yml").read_text()
    told = run(own, "test", "disk-cleanup", "--facts", "-", typed=facts).stdout
    assert told.startswith("disk-cleanup on /srv: confidence 0.95, risk low, about 2m\n1. quarantine 1 file of rule old-logs below /srv/logs\n")
    assert "expected: frees 40 MB; it cannot be undone" in told
    assert told.endswith("(protection quarantine); never to be undone once begun: purge-quarantine (it deletes only what a rule of the owner names)\n")


FAULTS: dict[str, tuple[Any, str]] = {
    "an unknown fact": ({"facts": [{"no-op": {"weather": "fine"}}]}, "facts.yml:3: facts[0].no-op.weather: unknown key; nothing can be set here"),
    "a step too many": ({"facts": [{"no-op": {}}, {"no-op": {}}]}, "facts.yml:1: facts: one entry for each step of selftest, in their order: no-op"),
    "another step": ({"facts": [{"command": {}}]}, "one entry for each step of selftest, in their order: no-op"),
    "no facts": ({"target": "x"}, "facts.yml:1: missing key 'facts'"),
    "a list": ([], "facts.yml:1: expected a mapping of keys to values"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_facts_are_one_line_with_path_and_line(own: pathlib.Path, fault: str) -> None:
    written, told = FAULTS[fault]
    path = own.parent / "facts.yml"
    path.write_text(yaml.safe_dump(written))
    result = run(own, "test", "selftest", "--facts", str(path))
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert told in result.output


def test_facts_of_another_type_are_told_with_their_line(own: pathlib.Path) -> None:
    facts = (DOCS / "facts" / "service-restart.yml").read_text().replace("active: true", "active: maybe")
    result = run(own, "test", "service-restart", "--facts", "-", typed=facts)
    assert (result.exit_code, "standard input:7: facts[1].restart-service.state.active" in result.output) == (1, True), result.output


@pytest.mark.parametrize("words", [("show", "nobody"), ("test", "nobody", "--facts", "-")])
def test_a_name_that_nobody_has_is_told_with_those_that_there_are(own: pathlib.Path, words: tuple[str, ...]) -> None:
    result = run(own, *words)
    assert (result.exit_code, result.output.startswith("Error: no playbook has the name 'nobody'; known: ")) == (1, True)


def test_the_facts_of_this_host_can_be_written_down_and_planned_from(own: pathlib.Path) -> None:
    written = run(own, "test", "selftest", "--write-facts", "selftest")
    assert written.stdout == "target: selftest\nfacts:\n- no-op: {}\n"
    assert run(own, "test", "selftest", "--facts", "-", typed=written.stdout).exit_code == 0
    assert "is no target of disk-cleanup" in run(own, "test", "disk-cleanup", "--write-facts", "/nowhere").output
