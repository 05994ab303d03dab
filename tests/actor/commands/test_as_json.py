"""What `deploy`, `snapshots` and `check-config` print with --json: one line of a stated shape, and nothing on standard output where they fail."""

from __future__ import annotations

import importlib.metadata
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from actor.stack import record
from actor.stack.record import Deployed
from homeostat.cli.__main__ import main
from homeostat.config import Config, load

if TYPE_CHECKING:
    import pathlib

    from click.testing import Result

INSTALLED = any(found.metadata["Name"] == "homeostat" for found in importlib.metadata.distributions())
root = pytest.mark.skipif(os.geteuid() != 0, reason="units and what is kept are root's")


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "homeostat.yml"
    path.write_text(yaml.safe_dump({"host": "h1", "actor": {"state_directory": str(tmp_path / "state")}}))
    return path


def run(settings: pathlib.Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config.file", str(settings), *arguments])


def told(result: Result) -> Any:
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def deployed(settings: pathlib.Path) -> Deployed:
    one = Deployed(id="0a1b2c3d", stack="/srv/stack.yml", made_at=1_700_000_000.0, phases=(), state="deployed")
    config = load(settings, Config)
    with record.alone(config):
        record.put(config, one)
    return one


@root
def test_deployments_are_an_array_of_objects_also_when_there_is_none(settings: pathlib.Path) -> None:
    assert told(run(settings, "deploy", "--list", "--json")) == []
    deployed(settings)
    assert told(run(settings, "deploy", "--list", "--json")) == [{"id": "0a1b2c3d", "since": "2023-11-14T22:13:20Z", "state": "deployed", "stack": "/srv/stack.yml"}]


@root
def test_a_deployment_tells_its_plan_and_how_it_ended(settings: pathlib.Path) -> None:
    deployed(settings)
    plan = told(run(settings, "deploy", "--undo", "0a1b2c3d", "--dry-run", "--json"))
    assert list(plan) == ["plan"]
    assert all(isinstance(line, str) for line in plan["plan"])
    result = run(settings, "deploy", "--recover", "--json")
    assert (result.exit_code, told(result)) == (0, {"ended": "done", "code": 0})


@root
def test_what_is_kept_is_an_array_of_objects_and_what_is_taken_out_is_named(settings: pathlib.Path, tmp_path: pathlib.Path) -> None:
    assert told(run(settings, "snapshots", "list", "--json")) == []
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("before")
    assert run(settings, "guard", "--path", str(data), "--", "rm", f"{data}/file").exit_code == 0
    (kept,) = told(run(settings, "snapshots", "list", "--json"))
    assert kept.keys() == {"name", "protection", "place", "since", "free"}
    restored = told(run(settings, "snapshots", "restore", kept["name"], "--path", f"{data}/file", "--json"))
    assert restored == {"words": f"restored: {data}/file", "path": f"{data}/file"}


@pytest.mark.skipif(not INSTALLED, reason="the daemons are asked as installed programs")
def test_a_good_configuration_is_an_object_with_its_programs_and_warnings(settings: pathlib.Path, tmp_path: pathlib.Path) -> None:
    answer = told(run(settings, "check-config", "--json"))
    assert answer.keys() == {"words", "path", "programs", "warnings"}
    assert (answer["path"], answer["programs"], answer["warnings"]) == (str(settings), ["exporter", "actor"], [])


@root
@pytest.mark.parametrize(
    "arguments",
    [("deploy", "{tmp}/none.yml"), ("deploy", "--undo", "ffffffff"), ("snapshots", "restore", "homeostat-x", "--path", "/srv/x"), ("check-config", "{tmp}/bad.yml")],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_a_fault_is_one_line_on_standard_error_and_no_json(settings: pathlib.Path, tmp_path: pathlib.Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "bad.yml").write_text("autonomi: {}\n")
    result = run(settings, *(word.format(tmp=tmp_path) for word in arguments), "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
