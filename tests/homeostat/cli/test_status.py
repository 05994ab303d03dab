"""`homeostat status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.homeostat.cli.conftest import silence
from tests.support import HOST, LAST_SUCCESS, PREDICTION

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town


def well(town: Town) -> None:
    town.series[LAST_SUCCESS] = [({"host": HOST}, 1.0)]
    town.series["homeostat_usage_ratio"] = [({"host": HOST, "target": "web"}, 0.5)]


def test_when_all_is_well_it_says_so_and_exits_zero(town: Town) -> None:
    well(town)
    town.series[PREDICTION] = [({"host": HOST, "target": "web"}, 0.9)]
    town.status["incidents"] = {"running": 1, "proposed": 2}
    result = town.run("status")
    assert result.exit_code == 0
    assert "mode active, level moderate, ready; 2 proposed; 1 running" in result.output
    assert "last forecast 7 s ago, 1 problem asserted" in result.output
    assert "no silence on our decisions" in result.output


def test_a_stop_and_an_open_breaker_stand_out(town: Town) -> None:
    well(town)
    breaker = {"scope": "global", "failures": 3, "open_until": 1_700_000_000, "probe": None, "standing": "open"}
    town.status |= {"stopped": "by ada: enough", "open_breakers": [breaker], "ready": False}
    output = town.run("status").output
    assert "not ready yet" in output
    assert "STOPPED: by ada: enough" in output
    assert "breaker global OPEN after 3 failures, until 2023-11-14T22:13:20Z" in output


@pytest.mark.parametrize(("probe", "words"), [(None, "the next run is its probe"), ("ab12", "incident ab12 is its probe")])
def test_a_half_open_breaker_says_what_its_probe_is(town: Town, probe: str | None, words: str) -> None:
    well(town)
    breaker = {"scope": "service-restart/web", "failures": 2, "open_until": 1_700_000_000, "probe": probe, "standing": "half-open"}
    town.status |= {"open_breakers": [breaker]}
    assert f"breaker service-restart/web HALF-OPEN after 2 failures: {words}" in town.run("status").output


def test_a_pause_is_told_with_author_end_and_reason(town: Town) -> None:
    well(town)
    town.silences = [silence()]
    assert "PAUSED by ada until 2026-01-01T01:00:00Z: maintenance" in town.run("status").output


def test_a_silence_on_something_else_is_no_pause(town: Town) -> None:
    well(town)
    other = [{"name": "alertname", "value": "HostDown", "isRegex": False, "isEqual": True}]
    town.silences = [silence(matchers=other)]
    assert "no silence on our decisions" in town.run("status").output


def test_each_part_that_does_not_answer_is_named_and_the_exit_code_is_one(town: Town) -> None:
    town.configure(alertmanager={"url": "http://127.0.0.1:9"})
    result = town.run("status")
    assert result.exit_code == 1
    assert "Prometheus knows no forecast for host 'h1'; is homeostat-exporter scraped?" in result.output
    assert "Alertmanager at http://127.0.0.1:9 gave no answer: ConnectionError" in result.output
    assert "mode active" in result.output


def test_a_token_that_is_refused_is_told(town: Town) -> None:
    (town.folder / "operator").write_text("7c211433f02071597741e6ff5a8ea34d")
    assert "answered 401: the operator's bearer token is needed" in town.run("status").output


def test_what_came_in_a_label_does_not_steer_the_terminal(town: Town) -> None:
    well(town)
    town.silences = [silence(comment="\x1b[2J\x07gone\n[bold]x[/bold]")]
    output = town.run("status").output
    assert "\x1b" not in output
    assert "\\x1b[2J\\x07gone\\n[bold]x[/bold]" in output


def test_an_exporter_that_watches_nothing_of_this_host_is_no_good_news(town: Town) -> None:
    well(town)
    town.series["homeostat_usage_ratio"] = []
    result = town.run("status")
    assert result.exit_code == 1
    assert "the exporter watches nothing of host" in result.output
