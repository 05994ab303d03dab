"""`homeostat validate-predictions`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.httpd import Reply

if TYPE_CHECKING:
    from tests.homeostat.cli.conftest import Town

SCORED = {"scored": 1200, "brier": 0.0412, "expected": 0.081, "crossed": 0.079, "coverage": 0.92, "time_error": 0.31, "pending": 240}
WAITING = {"scored": 0, "brier": None, "expected": None, "crossed": None, "coverage": None, "time_error": None, "pending": 24}
ANSWER: dict[str, Any] = {
    "horizons": {"24h": SCORED, "7d": {**SCORED, "time_error": None}, "30d": WAITING},
    "problems": {"disk_exhaustion": {"shift": -0.124, "evidence": 130.25, "acted": 4.0}},
    "voids": {"acted": 3, "moved": 0, "unobserved": 7},
}


def test_each_horizon_tells_how_good_its_forecasts_were_and_each_problem_what_they_taught(town: Town) -> None:
    town.exporter["accuracy"] = Reply(ANSWER)
    result = town.run("validate-predictions")
    assert result.exit_code == 0
    _, day, week, month, void, _, learned = result.output.splitlines()
    assert day.split() == ["24h", "1200", "0.041", "8.1%", "7.9%", "92.0%", "31.0%", "240"]
    assert "never foreseen" in week
    assert month.split() == ["30d", "0", "24"]
    assert void == "not scored, as their targets were: 3 acted on before, 7 not observed"
    assert learned.split() == ["disk_exhaustion", "-0.12", "logit", "130.2", "independent", "forecasts", "4.0"]


def test_before_anything_was_kept_it_says_when_there_will_be_something(town: Town) -> None:
    town.exporter["accuracy"] = Reply({"horizons": {}, "problems": {}, "voids": {}})
    assert "Nothing was kept yet. The exporter keeps a forecast of each series every hour" in town.run("validate-predictions").output


def test_json_is_what_the_exporter_answers(town: Town) -> None:
    town.exporter["accuracy"] = Reply(ANSWER)
    assert json.loads(town.run("validate-predictions", "--json").output) == ANSWER
