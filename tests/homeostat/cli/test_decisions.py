"""`homeostat decisions`."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.homeostat.cli.conftest import incident

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture
def many(town: Town) -> Town:
    town.decisions = [
        incident(),
        incident(id="2", outcome="refused", target="db", reason="known: no"),
        incident(id="3", outcome=None, state="proposed", action="disk-cleanup", target="/srv"),
    ]
    return town


def shown(town: Town, *flags: str) -> list[str]:
    result = town.run("decisions", "--json", *flags)
    assert result.exit_code == 0
    return [row["id"] for row in json.loads(result.output)]


def test_a_table_says_when_what_became_of_it_and_why(many: Town) -> None:
    lines = many.run("decisions").output.splitlines()
    assert lines[0].split() == ["when", "id", "problem", "target", "action", "decision", "became", "why"]
    assert lines[1].split()[:2] == ["2023-11-14T22:13:20Z", "0a1b2c3d"]
    assert "succeeded" in lines[1]
    assert "proposed" in lines[3]


def test_it_is_narrowed_by_action_outcome_and_what_is_on_its_way(many: Town) -> None:
    assert shown(many) == ["0a1b2c3d", "2", "3"]
    assert shown(many, "--action", "disk-cleanup") == ["3"]
    assert shown(many, "--outcome", "refused") == ["2"]
    assert shown(many, "--pending") == ["3"]
    assert shown(many, "--pending", "--action", "service-restart") == []


def test_no_decision_is_a_sentence_and_not_an_empty_table(many: Town) -> None:
    assert many.run("decisions", "--outcome", "suceeded").output == "Of the last 7d, there is no such decision.\n"
    many.decisions = []
    assert many.run("decisions", "--last", "2h").output == "Nothing was decided in the last 2h.\n"


def test_how_far_back_is_asked_of_the_actor(many: Town) -> None:
    shown(many, "--last", "30d")
    assert many.asked("GET")[0].query == {"last": [str(30 * 86400.0)]}


def test_json_is_what_the_actor_said(many: Town) -> None:
    assert json.loads(many.run("decisions", "--json").output) == many.decisions


def test_a_hostile_target_does_not_steer_the_terminal(many: Town) -> None:
    many.decisions = [incident(target="\x1b]0;owned\x07\n[red]x", reason="a\rb")]
    output = many.run("decisions").output
    assert "\x1b" not in output
    assert "\r" not in output
    assert len(output.splitlines()) == 2


def test_no_actor_is_one_line(town: Town) -> None:
    town.configure(links={"console": "http://127.0.0.1:9"})
    result = town.run("decisions")
    assert (result.exit_code, result.output) == (1, "Error: http://127.0.0.1:9 gave no answer: ConnectionError; is the daemon running?\n")


def test_a_configuration_that_is_none_is_one_line(town: Town) -> None:
    town.settings["hots"] = "h1"
    result = town.run("decisions")
    assert result.exit_code == 1
    assert result.output.endswith("hots: unknown key; did you mean 'host'?\n")
    assert len(result.output.splitlines()) == 1


def test_who_reads_no_further_hears_no_complaint(many: Town) -> None:
    many.decisions *= 1000
    many.run("status")
    argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(many.folder / "homeostat.yml"), "decisions"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
