"""`homeostat check-config` and the group of commands itself."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from homeostat.cli.__main__ import main
from tests.homeostat.cli.conftest import every_command
from tests.integration.stack import ROOT
from tests.support import secret

if TYPE_CHECKING:
    import pathlib

    from tests.homeostat.cli.conftest import Town

INSTALLED = any(found.metadata["Name"] == "homeostat" for found in importlib.metadata.distributions())
installed = pytest.mark.skipif(not INSTALLED, reason="the daemons are asked as installed programs, never from the working directory")
COMMANDS = ["check-config", "decisions", "pause", "resume", "status", "stop", "why", "windows"]


def test_every_command_of_a_file_is_there_and_explains_itself() -> None:
    found, listed = every_command(), CliRunner().invoke(main, ["--help"]).output
    assert set(COMMANDS) <= set(found)
    for name, command in found.items():
        assert (command.name, bool(command.help), f" {name} " in listed) == (name, True, True)
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0
    assert CliRunner().invoke(main, ["no-such-thing"]).exit_code == 2


def test_a_stop_waits_for_nothing_that_it_does_not_need() -> None:
    asked = "import sys, homeostat.cli.__main__ as cli; cli.main.get_command(None, 'stop'); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()
    assert not {"numpy", "flask", "requests", "rich", "prometheus_api_client", "actor"} & set(loaded)


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(main, ["--version"]).exit_code == 0


@installed
@pytest.mark.parametrize(
    ("actor", "programs"), [({}, "the exporter, the actor and the CLI"), ({"executor_directory": "/var/lib/homeostat-executor"}, "the exporter, the actor, the executor and the CLI")]
)
def test_a_good_file_is_valid_for_every_program_that_reads_it(town: Town, tmp_path: pathlib.Path, actor: dict[str, str], programs: str) -> None:
    secret(tmp_path / "intake", "b1946ac92492d2347c6235b4d2611184")
    town.configure(security={"intake_token_files": [str(tmp_path / "intake")]}, actor=actor)
    result = town.run("check-config")
    assert (result.exit_code, result.output) == (0, f"{tmp_path}/homeostat.yml is valid for {programs}\n")


def test_a_fault_is_told_with_its_line_before_any_daemon_is_asked(town: Town, tmp_path: pathlib.Path) -> None:
    (tmp_path / "bad.yml").write_text("host: h1\nautonomi: {}\n")
    result = town.run("check-config", str(tmp_path / "bad.yml"))
    assert (result.exit_code, result.output) == (1, f"Error: {tmp_path}/bad.yml:2: autonomi: unknown key; did you mean 'autonomy'?\n")


@installed
def test_what_only_the_actor_knows_is_told_too(town: Town) -> None:
    town.configure(autonomy={"actions": {"disk-clean": {}}})
    result = town.run("check-config")
    assert result.exit_code == 1
    assert "actor: " in result.output
    assert "no playbook has the name 'disk-clean'" in result.output
    assert len(result.output.splitlines()) == 1


@installed
def test_a_fault_in_a_playbook_of_the_owners_is_told_with_its_own_path_and_line(town: Town, tmp_path: pathlib.Path) -> None:
    mine = tmp_path / "playbooks" / "mine.yml"
    mine.parent.mkdir()
    mine.write_text("name: mine\nanswers: [disk_exhaustion]\nrisc: low\n")
    town.configure(actor={"playbook_directory": str(mine.parent)})
    result = town.run("check-config")
    assert (result.exit_code, result.output) == (1, f"Error: actor: {mine}:3: risc: unknown key; did you mean 'risk'?\n")


NEVER: dict[str, tuple[dict[str, Any], str]] = {
    "its own word": ({"autonomy": {"actions": {"service-restart": {"min_confidence": 0.8, "requires_confirmation": True}}}}, "requires_confirmation is true"),
    "another list": (
        {"autonomy": {"actions": {"service-restart": {"min_confidence": 0.8}}, "require_approval_for": ["service-restart"]}},
        "it stands in autonomy.require_approval_for",
    ),
    "every service": (
        {"autonomy": {"actions": {"service-restart": {"min_confidence": 0.8}}}, "services": {"web": {"auto_restart": False}}},
        "every service says auto_restart: false (web)",
    ),
}


@installed
@pytest.mark.parametrize("who", NEVER)
def test_a_word_that_lets_run_unasked_what_another_word_never_lets_is_an_error(town: Town, tmp_path: pathlib.Path, who: str) -> None:
    changes, told = NEVER[who]
    town.configure(**changes)
    result = town.run("check-config")
    assert result.exit_code == 1
    assert "autonomy.actions.service-restart.min_confidence: it says when service-restart runs unasked, which it never does: " + told in result.output


WEEKEND = {"name": "weekend", "when": [{"weekdays": ["saturday", "sunday"]}], "level": "aggressive"}


@installed
def test_what_is_valid_but_surely_not_meant_is_a_warning_beside_it(town: Town, tmp_path: pathlib.Path) -> None:
    secret(tmp_path / "intake", "b1946ac92492d2347c6235b4d2611184")
    town.configure(security={"intake_token_files": [str(tmp_path / "intake")]}, autonomy={"schedule": [WEEKEND]}, windows=[{"weekdays": ["monday"]}])
    result = town.run("check-config")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path}/homeostat.yml is valid for the exporter, the actor and the CLI\n")
    assert result.stderr == "warning: autonomy.schedule[0] (weekend): no maintenance window is open while it holds, so nothing is executed under it\n"


@installed
def test_windows_that_never_open_are_an_error_though_every_program_would_start(town: Town, tmp_path: pathlib.Path) -> None:
    secret(tmp_path / "intake", "b1946ac92492d2347c6235b4d2611184")
    town.configure(security={"intake_token_files": [str(tmp_path / "intake")]}, windows=[{"days_of_month": [30], "months": ["february"]}])
    result = town.run("check-config")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "warning: windows: none opens within ten years, so nothing could ever be executed\n"


@installed
@pytest.mark.parametrize(("section", "daemon"), [("prometheus", "exporter"), ("alertmanager", "actor")])
def test_a_token_that_a_daemon_would_miss_at_its_start_is_missed_here_too(town: Town, tmp_path: pathlib.Path, section: str, daemon: str) -> None:
    town.configure(**{section: {"bearer_token_file": str(tmp_path / "none")}})
    result = town.run("check-config")
    assert (result.exit_code, result.output) == (1, f"Error: {daemon}: {tmp_path}/none: the token file cannot be read: No such file or directory\n")


@pytest.mark.parametrize("name", ["missing.yml", "."])
def test_a_file_that_is_none_is_one_line(town: Town, tmp_path: pathlib.Path, name: str) -> None:
    result = town.run("check-config", str(tmp_path / name))
    assert (result.exit_code, "cannot be read" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("promql", "words"),
    [
        ("max(cats{$of_host}", "unclosed left parenthesis"), ("cats{$of_host}[$window", "unexpected end of input inside brackets"), ("rate(cats{$of_host})", "expected type matrix in call to function 'rate', got vector"),
    ],
)  # fmt: skip
def test_a_query_of_ones_own_that_is_no_promql_is_told_with_its_path_and_line(town: Town, tmp_path: pathlib.Path, promql: str, words: str) -> None:
    answer = {"title": "Cats", "columns": {"asleep": {"promql": "cats_asleep{$of_instance}"}, "cats": {"promql": promql}}}
    town.configure(questions={"cats": {"examples": ["how many cats"], "words": [["cat"]], "answers": [answer]}})
    result = town.run("check-config")
    line = 1 + next(number for number, text in enumerate((tmp_path / "homeostat.yml").read_text().splitlines()) if promql[:10] in text)
    assert result.exit_code == 1
    assert f"homeostat.yml:{line}: questions.cats.answers[0].columns.cats.promql: this is no PromQL: " in result.output
    assert words in result.output


def test_a_query_of_ones_own_target_that_is_no_promql_is_told_with_its_path_and_line(town: Town, tmp_path: pathlib.Path) -> None:
    room = {"name": "room", "query": "sum(room_used_bytes", "limit": 100, "problem": "disk_exhaustion", "resource": "filesystem", "target": "room"}
    town.configure(exporter={"targets": {"custom": [room]}})
    result = town.run("check-config")
    line = 1 + next(number for number, text in enumerate((tmp_path / "homeostat.yml").read_text().splitlines()) if "sum(room" in text)
    assert result.exit_code == 1
    assert f"homeostat.yml:{line}: exporter.targets.custom[0].query: this is no PromQL: unclosed left parenthesis" in result.output
