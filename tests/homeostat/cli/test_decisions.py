"""`homeostat decisions`."""

from __future__ import annotations

import datetime
import json
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from homeostat.clock import SystemClock
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
    assert lines[0].split() == ["when", "id", "problem", "target", "action", "decision", "sure", "became", "why"]
    assert lines[1].split()[:2] == ["2023-11-14T22:13:20Z", "0a1b2c3d"]
    assert "succeeded" in lines[1]
    assert "proposed" in lines[3]


def asked_for(town: Town, *flags: str) -> dict[str, list[str]]:
    shown(town, *flags)
    return town.asked("GET")[-1].query


@pytest.mark.parametrize(
    ("flags", "query"),
    [
        ((), {"last": ["604800.0"]}),
        (("--last", "30d"), {"last": ["2592000.0"]}),
        (("--since", "2026-01-31T22:30:00Z", "--until", "2026-02-01T00:00:00Z"), {"since": ["1769898600.0"], "until": ["1769904000.0"]}),
        (("--until", "2026-02-01T00:00:00Z"), {"last": ["604800.0"], "until": ["1769904000.0"]}),
        (("--target", "/srv", "--problem", "disk_exhaustion", "--action", "disk-cleanup"), {"last": ["604800.0"], "target": ["/srv"], "problem": ["disk_exhaustion"], "action": ["disk-cleanup"]}),
        (("--decision", "propose", "--outcome", "refused", "--pending"), {"last": ["604800.0"], "decision": ["propose"], "outcome": ["refused"], "pending": ["true"]}),
    ],
)
def test_what_is_wanted_is_asked_of_the_actor_so_that_no_match_is_left_out(many: Town, flags: tuple[str, ...], query: dict[str, list[str]]) -> None:
    assert asked_for(many, *flags) == query


def test_an_hour_that_is_still_to_come_today_is_yesterdays(many: Town) -> None:
    now = SystemClock().now()
    ahead = datetime.datetime.fromtimestamp(now + 120).astimezone()
    (since,) = asked_for(many, "--since", f"{ahead:%H:%M}")["since"]
    assert now - 86400 - 120 < float(since) < now - 86400 + 180


@pytest.mark.parametrize("flags", [("--outcome", "suceeded"), ("--decision", "never"), ("--last", "1h", "--since", "22:30"), ("--until", "tomorrow")])
def test_what_cannot_be_wanted_is_a_usage_error_and_asks_nothing(many: Town, flags: tuple[str, ...]) -> None:
    assert many.run("decisions", *flags).exit_code == 2
    assert many.asked("GET") == []


def test_no_decision_is_a_sentence_and_not_an_empty_table(town: Town) -> None:
    assert town.run("decisions", "--last", "2h").output == "Nothing was decided in the last 2h.\n"
    assert town.run("decisions", "--outcome", "refused").output == "No such decision in the last 7d.\n"
    assert town.run("decisions", "--since", "2026-01-31T22:30", "--until", "2026-02-01T22:30").output == "Nothing was decided since 2026-01-31T22:30 until 2026-02-01T22:30.\n"


def test_a_table_that_may_not_be_all_says_so(many: Town) -> None:
    assert "touched last" not in many.run("decisions").output
    many.decisions = many.decisions[:1] * 1000
    assert many.run("decisions").output.splitlines()[-1].startswith("These are the 1000 that were touched last;")


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
