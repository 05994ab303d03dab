"""`homeostat status`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from homeostat.alertmanager import Silence
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
    assert "Nothing is stopped, paused or silenced." in result.output


def test_the_level_that_the_schedule_has_put_in_force_is_told_with_its_end(town: Town) -> None:
    well(town)
    town.status |= {"level": "aggressive", "schedule": "weekend", "in_force_until": 1_700_000_000}
    assert "level aggressive by the schedule weekend until 2023-11-14T22:13:20Z, ready" in town.run("status").output
    town.status |= {"level": "moderate", "schedule": None}
    assert "level moderate until 2023-11-14T22:13:20Z, ready" in town.run("status").output


def row(output: str, *cells: str) -> bool:
    """Say whether a row of the table holds these cells, in order."""
    return any(all(cell in line for cell in cells) for line in output.splitlines())


def test_a_stop_and_an_open_breaker_are_told_with_who_why_and_until_when(town: Town) -> None:
    well(town)
    breaker = {"scope": "global", "failures": 3, "open_until": 1_700_000_000, "probe": None, "standing": "open"}
    town.status |= {"stopped": "by ada at 2026-01-01T00:00:00Z: enough: really", "open_breakers": [breaker], "ready": False}
    output = town.run("status").output
    assert "not ready yet" in output
    assert row(output, "everything", "STOP", "ada", "homeostat resume", "enough: really (since 2026-01-01T00:00:00Z)")
    assert row(output, "everything", "BREAKER", "homeostat", "2023-11-14T22:13:20Z", "3 failures in a row")


@pytest.mark.parametrize(("probe", "words"), [(None, "half-open: the next run is its probe"), ("ab12", "incident ab12 is its probe")])
def test_a_half_open_breaker_says_what_its_probe_is(town: Town, probe: str | None, words: str) -> None:
    well(town)
    breaker = {"scope": "service-restart/web", "failures": 2, "open_until": 1_700_000_000, "probe": probe, "standing": "half-open"}
    town.status |= {"open_breakers": [breaker]}
    assert row(town.run("status").output, "service-restart/web", "BREAKER", "homeostat", f"2 failures in a row; {words}")


def test_a_stop_is_told_also_when_the_actor_does_not_answer(town: Town) -> None:
    well(town)
    town.run("stop", "--reason", "smoke")
    town.configure(links={"console": "http://127.0.0.1:9"})
    result = town.run("status")
    assert result.exit_code == 1
    assert row(result.output, "everything", "STOP", "homeostat resume", "smoke")


def test_a_link_in_the_stop_s_place_is_a_stop_and_what_it_leads_to_is_not_told(town: Town) -> None:
    well(town)
    town.configure(links={"console": "http://127.0.0.1:9"})
    (town.folder / "state").mkdir()
    (town.folder / "secret").write_text("of root alone")
    (town.folder / "state" / "stop").symlink_to(town.folder / "secret")
    told = town.run("status").output
    assert ("the stop switch cannot be read" in told, "of root alone" in told) == (True, False)


def test_a_pause_is_told_with_author_end_and_reason(town: Town) -> None:
    well(town)
    narrowed = [*silence()["matchers"], {"name": "target", "value": "web", "isRegex": False, "isEqual": True}]
    town.silences = [silence(endsAt="2026-01-01T01:00:00.123Z"), silence(id="s2", matchers=narrowed, createdBy="bob")]
    output = town.run("status").output
    assert row(output, "everything", "SILENCE", "ada", "2026-01-01T01:00:00Z", "maintenance")
    assert row(output, "target web", "SILENCE", "bob", "2026-01-01T01:00:00Z", "maintenance")
    assert "warning" not in output


def test_a_silence_that_only_the_actor_still_knows_is_told_as_lost(town: Town) -> None:
    well(town)
    town.status["lost_silences"] = msgspec.to_builtins([msgspec.convert(silence(), Silence)])
    assert row(town.run("status").output, "everything", "SILENCE", "ada", "maintenance (Alertmanager has lost it)")


def test_a_silence_that_mutes_everything_or_misses_us_is_warned_about(town: Town) -> None:
    well(town)
    negative = [{"name": "host", "value": "h2", "isRegex": False, "isEqual": False}]
    misspelled = [*silence()["matchers"], {"name": "target", "value": "wbe", "isRegex": False, "isEqual": True}]
    town.silences = [silence(matchers=negative), silence(id="s2", matchers=misspelled)]
    output = town.run("status").output
    assert row(output, "everything", "SILENCE", "ada")
    assert 'warning: silence s1 mutes alerts of every name, people\'s and other programs\' too: host!="h2" also fits' in output
    assert "there is no target wbe; did you mean web?" in output


def test_all_of_it_can_be_had_as_json(town: Town) -> None:
    well(town)
    town.silences = [silence()]
    town.status["stopped"] = "by ada at 2026-01-01T00:00:00Z: enough"
    told = json.loads(town.run("status", "--json").output)
    assert [(hold["by"], hold["scope"], hold["author"], hold["until"], hold["ends"]) for hold in told["holds"]] == [
        ("stop", "everything", "ada", None, "homeostat resume"), ("silence", "everything", "ada", 1767229200.0, "2026-01-01T01:00:00Z"),
    ]  # fmt: skip
    assert (told["unwell"], told["warnings"], told["actor"]["mode"]) == ([], [], "active")
    town.configure(alertmanager={"url": "http://127.0.0.1:9"})
    result = town.run("status", "--json")
    assert (result.exit_code, json.loads(result.output)["unwell"]) == (1, ["alertmanager"])


def test_a_silence_on_something_else_is_no_pause(town: Town) -> None:
    well(town)
    other = [{"name": "alertname", "value": "HostDown", "isRegex": False, "isEqual": True}]
    town.silences = [silence(matchers=other)]
    assert "Nothing is stopped, paused or silenced." in town.run("status").output


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
