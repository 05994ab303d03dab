"""Every step plans from facts alone: facts in, commands out, one YAML file a case."""

from __future__ import annotations

import inspect
import pathlib

import msgspec
import pytest
import yaml

from actor.model import Command
from actor.playbook import STEPS
from homeostat.config import loads

HERE = pathlib.Path(__file__).parent
CASES = sorted(HERE.glob("*/*.yaml"))


def of(path: pathlib.Path) -> str:
    return path.parent.name.replace("_", "-")


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_step_plans_from_facts(path: pathlib.Path) -> None:
    step, text = STEPS[of(path)], path.read_text(encoding="utf-8")
    written = yaml.safe_load(text)
    facts_kind = inspect.getmodule(step.gather).Facts
    options = loads(yaml.safe_dump(written["options"]), step.options, str(path))
    commands = step.plan(msgspec.convert(written["facts"], facts_kind), options)
    assert list(commands) == msgspec.convert(written["commands"], list[Command])


def test_every_step_has_a_case() -> None:
    assert {of(path) for path in CASES} == set(STEPS)


def test_every_command_that_a_case_expects_names_its_program_by_absolute_path() -> None:
    argvs = [
        command["arguments"]["argv"] for path in CASES for command in yaml.safe_load(path.read_text(encoding="utf-8"))["commands"] if "argv" in command["arguments"]
    ]
    assert argvs
    assert all(argv[0].startswith("/") for argv in argvs)
