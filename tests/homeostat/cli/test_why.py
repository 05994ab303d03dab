"""`homeostat why`: from the series to the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.homeostat.cli.conftest import incident
from tests.support import HOST, PREDICTION

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

WEB = {"host": HOST, "target": "web", "resource": "memory", "problem": "memory_leak"}


def story(**changes: Any) -> dict[str, Any]:
    verdicts = [
        {"asked_at": 1.0, "gate": "known", "answer": "allow", "reason": "old news", "inputs": {}},
        {"asked_at": 2.0, "gate": "known", "answer": "allow", "reason": "it is known", "inputs": {}},
        {"asked_at": 2.0, "gate": "age", "answer": "refuse", "reason": "too old", "inputs": {}},
    ]
    phases = [
        {"phase": "plan", "intent": None, "intended_at": 1.0, "finished_at": 2.0, "result": {"commands": []}, "failure": None},
        {"phase": "execute", "intent": {"summary": "restart web"}, "intended_at": 2.0, "finished_at": 3.0, "result": {"status": 0, "output": "x", "left": [], "freed": {"least_bytes": 1}}, "failure": None},
        {"phase": "verify", "intent": None, "intended_at": 3.0, "finished_at": 4.0, "result": {"finding": "verified", "checks": [{"name": "measure", "status": "passed", "detail": "fell"}]}, "failure": None},
        {"phase": "keep", "intent": None, "intended_at": 4.0, "finished_at": 5.0, "result": None, "failure": "it broke"},
        {"phase": "recover", "intent": None, "intended_at": 5.0, "finished_at": None, "result": None, "failure": None},
    ]
    said = [
        {"word": "approved", "author": "ada@desk", "said_at": 0.0, "until": None, "reason": ""},
        {"word": "deferred", "author": "bob@desk", "said_at": 0.0, "until": 60.0, "reason": "a film"},
        {"word": "again", "author": "eve@desk", "said_at": 0.0, "until": None, "reason": ""},
    ]
    return {**incident(), "verdicts": verdicts, "phases": phases, "proposal": None, "words": said} | changes


@pytest.fixture
def told(town: Town) -> Town:
    town.decisions = [incident()]
    town.stories = {"0a1b2c3d": story()}
    town.series = {
        "homeostat_usage_ratio": [(WEB, 0.87)],
        PREDICTION: [(WEB, 0.89)],
        "target_action:homeostat_decision:ratio": [({**WEB, "action": "service-restart", "risk": "low", "decision": "auto-execute"}, 0.957)],
        "homeostat_action_historical_success_ratio": [({"host": HOST, "action": "service-restart"}, 1.0)],
        "homeostat_autonomy_threshold_ratio": [({"host": HOST, "risk": "low", "decision": "auto-execute"}, 0.9), ({"host": HOST, "risk": "low", "decision": "propose"}, 2.0)],
    }
    return town


def test_a_targets_story_goes_from_the_series_to_the_outcome(told: Town) -> None:
    output = told.run("why", "web").output
    for line in (
        "memory_leak memory web: 87% of the limit is used.", "memory_leak memory web: the problem is asserted, prediction 0.89.",
        "memory_leak memory web: decided now: auto-execute service-restart at confidence 0.957, of", "  historical success: 1.00", "  learned offset: missing",
        "  thresholds at risk low: auto-execute above 0.9", "Incident 0a1b2c3d, 2023-11-14T22:13:20Z: memory_leak at web, auto-execute service-restart at confidence 0.957.",
        "  It is succeeded: memory fell.", "  1970-01-01T00:00:00Z approved by ada@desk", "  1970-01-01T00:00:00Z deferred until 1970-01-01T00:01:00Z by bob@desk: a film",
        "  1970-01-01T00:00:00Z another try asked for by eve@desk", "  gate known: allow: it is known", "  gate age: refuse: too old", "  1970-01-01T00:00:02Z execute (restart web): status 0",
        "  1970-01-01T00:00:03Z verify: verified (measure passed: fell)", "  1970-01-01T00:00:04Z keep: failed: it broke", "  1970-01-01T00:00:05Z recover: never reported back",
    ):  # fmt: skip
        assert line in output.splitlines()
    assert "old news" not in output


def test_an_incident_is_found_by_its_id_too(told: Town) -> None:
    assert "Incident 0a1b2c3d" in told.run("why", "0a1b2c3d").output


def test_an_incident_older_than_a_month_is_found_by_its_id(told: Town) -> None:
    told.decisions = []
    assert "Incident 0a1b2c3d" in told.run("why", "0a1b2c3d").output


def test_a_target_that_nobody_knows_is_told_in_words(town: Town) -> None:
    output = town.run("why", "nobody").output
    assert "The exporter knows no target nobody: is it configured, and are its series in Prometheus?" in output
    assert "The actor has no incident about nobody in the last 30 days" in output


def test_what_an_alert_tells_of_has_a_problem_and_no_limit(told: Town) -> None:
    told.series["homeostat_usage_ratio"] = []
    lines = told.run("why", "web").output.splitlines()
    assert lines[0] == "memory_leak memory web: the problem is asserted, prediction 0.89."


def test_a_phase_without_an_end_is_under_way_while_its_incident_runs(told: Town) -> None:
    told.stories = {"0a1b2c3d": story(state="running", outcome=None)}
    assert "  1970-01-01T00:00:05Z recover: under way" in told.run("why", "web").output.splitlines()


def test_a_target_without_trouble_says_so(told: Town) -> None:
    told.decisions = []
    told.series[PREDICTION] = []
    assert "No problem is asserted here now, so there is nothing to decide." in told.run("why", "web").output


def test_a_forecast_that_is_missing_is_told_with_its_reason(told: Town) -> None:
    told.series["homeostat_forecast_unavailable"] = [({**WEB, "reason": "not_enough_data"}, 1.0)]
    assert "there is no forecast: not_enough_data." in told.run("why", "web").output


@pytest.mark.parametrize("subject", ["../status", "a b", "\x1b[2J", '"} or up{job="', "%2e%2e"])
def test_a_subject_of_any_kind_asks_about_itself_and_nothing_else(town: Town, subject: str) -> None:
    result = town.run("why", subject)
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert {asked.path for asked in town.asked("GET")} == {"/api/v1/decisions"}


def test_a_hostile_reason_does_not_steer_the_terminal(told: Town) -> None:
    told.stories = {"0a1b2c3d": story(reason="\x1b[2J\nforged: line")}
    output = told.run("why", "web").output
    assert "\x1b" not in output
    assert "\\x1b[2J\\nforged: line" in output
