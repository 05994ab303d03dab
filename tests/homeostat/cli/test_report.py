"""`homeostat report`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.homeostat.reports import sample
from tests.httpd import Reply

if TYPE_CHECKING:
    import pathlib

    from tests.homeostat.cli.conftest import Town


@pytest.fixture
def told(town: Town) -> Town:
    town.said["report"] = Reply(msgspec.to_builtins(sample.record()))
    town.exporter["accuracy"] = Reply({"horizons": {}, "problems": {}, "voids": {}})
    return town


def test_it_is_markdown_of_the_last_day_unless_said_otherwise(told: Town) -> None:
    result = told.run("report")
    assert result.exit_code == 0
    assert result.output.startswith("# Homeostat on h1: the day's briefing\n\n11 done, 1 failed, 1 waiting for you.")
    (asked,) = [one for one in told.site.asked if one.path == "/api/v1/report"]
    assert float(asked.query["until"][0]) - float(asked.query["since"][0]) == 86400


@pytest.mark.parametrize(("period", "kind"), [("24h", "the day's briefing"), ("7d", "the week's report"), ("30d", "the month's report")])
def test_each_period_has_a_report(told: Town, period: str, kind: str) -> None:
    assert f": {kind}\n" in told.run("report", "--period", period).output


def test_html_and_json_go_to_a_file_or_to_the_next_program(told: Town, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "week.html"
    assert told.run("report", "--format", "html", "--output", str(path)).output == f"{path} is written.\n"
    assert path.read_text().startswith("<!doctype html>")
    assert told.run("report", "--format", "html", "--output", "-").output.startswith("<!doctype html>")
    answer = json.loads(told.run("report", "--json").output)
    assert (answer["record"]["waiting"][0]["id"], answer["asked"]["host"]) == ("51be0d77", "h1")


def test_what_cannot_be_written_is_told_in_a_line(told: Town, tmp_path: pathlib.Path) -> None:
    result = told.run("report", "--output", str(tmp_path / "none" / "week.md"))
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert result.output == f"Error: {tmp_path}/none: No such file or directory\n"


def test_with_every_door_shut_it_is_a_report_of_what_is_not_known(town: Town) -> None:
    shut = "http://127.0.0.1:9"
    town.configure(prometheus={"url": shut, "timeout": "1s"}, links={"console": shut}, exporter={"url": shut})
    result = town.run("report")
    assert result.exit_code == 0
    assert "What was done is not known: the actor does not answer." in result.output
    assert result.output.count("gave no answer") == 4
