"""The page of playbooks names every key, step, option and measure that there is, and no other; the facts beside it make plans."""

from __future__ import annotations

import pathlib
import re

import msgspec
import pytest
from click.testing import CliRunner

from actor.model import Plan
from actor.playbook import MEASURES, STEPS, Limits, PlaybookFile, Verify, load_playbooks
from homeostat.cli.__main__ import main

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "playbooks.md"
EXAMPLES = sorted(PAGE.parent.glob("playbooks/facts/*.yml"))


def rows(head: str) -> dict[str, str]:
    """Return the rows of the table whose first column has that head, by what stands in it as code."""
    table = re.search(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert table is not None, head
    return dict(re.findall(r"^\| `([\w-]+)` \|(.*)\|$", table[1], re.MULTILINE))


TABLES = {
    "key": PlaybookFile.__struct_fields__,
    "key of `limits`": Limits.__struct_fields__,
    "key of `verify`": Verify.__struct_fields__,
    "step": STEPS,
    "measure": MEASURES,
    "playbook": load_playbooks(None),
}


@pytest.mark.parametrize("head", TABLES)
def test_a_table_names_all_that_there_is(head: str) -> None:
    assert set(rows(head)) == set(TABLES[head]), f"docs/playbooks.md needs a row for each {head}"


@pytest.mark.parametrize("kind", STEPS)
def test_the_row_of_a_step_names_its_options_and_what_it_acts_on(kind: str) -> None:
    options, acts_on = rows("step")[kind].split("|")[:2]
    assert re.findall(r"`(\w+)`", options) == [field.encode_name for field in msgspec.structs.fields(STEPS[kind].options)]
    assert acts_on.strip() == (" or ".join(STEPS[kind].acts_on) or "any")


@pytest.mark.parametrize("name", MEASURES)
def test_the_row_of_a_measure_says_of_what(name: str) -> None:
    assert rows("measure")[name].strip() == (" or ".join(MEASURES[name].acts_on) or "any")


def test_every_playbook_that_comes_along_has_facts_to_try_it_with() -> None:
    assert {path.stem for path in EXAMPLES} >= set(load_playbooks(None)), "write docs/playbooks/facts/NAME.yml, as homeostat playbooks test NAME --write-facts TARGET does"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_facts_of_a_playbook_make_a_plan(tmp_path: pathlib.Path, example: pathlib.Path) -> None:
    config = tmp_path / "homeostat.yml"
    config.write_text(f"host: h1\nactor: {{playbook_directory: {PAGE.parent / 'playbooks'}}}\n")
    test = ["--config.file", str(config), "playbooks", "test", example.stem, "--facts", str(example)]
    told, in_words = (CliRunner().invoke(main, [*test, *options]).output for options in (["--json"], []))
    assert told.startswith("{"), told
    plan = msgspec.json.decode(told, type=Plan)
    assert plan.commands
    assert all(command.summary in in_words for command in plan.commands)
