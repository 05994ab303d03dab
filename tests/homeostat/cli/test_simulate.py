"""`homeostat simulate`: what an alert would bring, told; what is no alert, one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.homeostat.cli.conftest import incident
from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

ALERT = {"labels": {"alertname": "HomeostatAutoExecute"}, "annotations": {}}
COMMAND = {"step": "s", "summary": "restart web", "arguments": {}, "expected": "less memory", "irreversible": False}
FORESEEN = {
    "incident": incident(), "would": "it is deferred, by cooldown: it rests", "obstacle": None, "undo": "protection snapshot", "words": [],
    "gates": [
        {"gate": "known", "answer": "allow", "reason": "it is known", "inputs": {"action": "service-restart"}, "until": None},
        {"gate": "cooldown", "answer": "defer", "reason": "it rests", "inputs": {}, "until": 1_700_000_000.0},
    ],
    "plan": {"action": "service-restart", "target": "web", "commands": [COMMAND], "confidence": 0.9, "risk": "low", "duration_seconds": 60.0},
}  # fmt: skip


def simulated(town: Town, written: str, *flags: str) -> Any:
    (town.folder / "alert.json").write_text(written)
    return town.run("simulate", str(town.folder / "alert.json"), *flags)


def test_every_gate_the_plan_and_its_undo_are_told(town: Town) -> None:
    town.said["simulate"] = Reply([FORESEEN, "alert 'Watchdog' is no decision"])
    assert simulated(town, json.dumps(ALERT)).output.splitlines() == [
        "memory_leak at web, auto-execute service-restart: it is deferred, by cooldown: it rests",
        "  gate known: allow: it is known [action service-restart]",
        "  gate cooldown: defer: it rests (until 2023-11-14T22:13:20Z)",
        "  plan: confidence 0.90, risk low, about 1m",
        "  plan 1. restart web; expected: less memory",
        "  undo: protection snapshot",
        "No decision: alert 'Watchdog' is no decision",
    ]
    assert [asked.json for asked in town.asked("POST")] == [ALERT]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"plan": None}, "  no plan: no playbook has this name"),
        ({"plan": {**FORESEEN["plan"], "commands": []}}, "  plan: nothing to do at this moment"),
        ({"plan": {**FORESEEN["plan"], "commands": []}, "obstacle": "no plan can be made: it broke"}, "  no plan: no plan can be made: it broke"),
        ({"plan": {**FORESEEN["plan"], "commands": [{**COMMAND, "irreversible": True}]}}, "  plan 1. restart web; expected: less memory; cannot be undone"),
    ],
)
def test_a_plan_that_is_none_or_lasts_is_told_so(town: Town, changes: dict[str, Any], told: str) -> None:
    town.said["simulate"] = Reply([FORESEEN | changes])
    assert told in simulated(town, json.dumps(ALERT)).output.splitlines()


def test_a_dash_reads_standard_input(town: Town) -> None:
    town.said["simulate"] = Reply([FORESEEN])
    assert town.run("simulate", "-", typed=json.dumps(ALERT)).exit_code == 0
    assert [asked.json for asked in town.asked("POST")] == [ALERT]
    result = town.run("simulate", "-", typed="no json")
    assert (result.exit_code, ": no JSON: " in result.output) == (1, True)


def test_a_list_of_alerts_as_amtool_prints_it_is_simulated_whole(town: Town) -> None:
    town.said["simulate"] = Reply([FORESEEN, FORESEEN])
    assert simulated(town, json.dumps([ALERT, ALERT])).exit_code == 0
    assert [asked.json for asked in town.asked("POST")] == [{"alerts": [ALERT, ALERT]}]


def test_scripts_get_json(town: Town) -> None:
    town.said["simulate"] = Reply([FORESEEN])
    assert json.loads(simulated(town, json.dumps(ALERT), "--json").output) == [FORESEEN]


@pytest.mark.parametrize("written", ["", "{", "nonsense", "[" * 100_000, '"\\ud800'])
def test_a_file_that_is_no_json_is_one_line(town: Town, written: str) -> None:
    result = simulated(town, written)
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert result.output.startswith(f"Error: {town.folder}/alert.json: no JSON: ")
    assert town.site.asked == []


def test_what_the_actor_does_not_take_is_one_line(town: Town) -> None:
    town.said["simulate"] = Reply({"error": "this is neither a webhook's payload with alerts nor an alert with labels"}, 400)
    result = simulated(town, "{}")
    assert result.exit_code == 1
    assert result.output == f"Error: {town.site.url} answered 400: this is neither a webhook's payload with alerts nor an alert with labels\n"


def test_a_missing_file_is_one_line(town: Town) -> None:
    result = town.run("simulate", str(town.folder / "missing.json"))
    assert result.exit_code == 2
    assert "No such file" in result.output
