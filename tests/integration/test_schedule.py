"""The schedule changes level and budget while the whole real chain runs: by the next scrape, and nobody reloads anything."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration import house as houses
from tests.integration import stack

if TYPE_CHECKING:
    import pathlib

pytestmark = pytest.mark.chain


def beginning_at(moment: float) -> dict[str, Any]:
    """Return an interval that begins then, at a whole minute, and lasts until that day ends."""
    return {"times": [{"start_time": time.strftime("%H:%M", time.gmtime(moment)), "end_time": "24:00"}]}


def test_when_an_entrys_time_comes_the_rules_decide_by_its_level_and_its_budget_holds(tmp_path: pathlib.Path) -> None:
    with houses.built(tmp_path, "ant", "bee", "cow", autonomy={"level": "moderate"}) as house:
        house.trouble("ant", "notify-execute")
        house.until("ant", "succeeded")
        begins_at = (int(time.time() + 30) // 60 + 1) * 60
        house.configure(autonomy={"schedule": [{"name": "strict", "when": [beginning_at(begins_at)], "level": "conservative", "max_actions_per_day": 1}]})
        house.reload()
        said = house.said("status")
        assert time.time() < begins_at, "the machine was too slow for this test"
        assert "level moderate until" in said
        prometheus = house.url("prometheus")
        stack.wait_for("the entry in force", lambda: stack.promql(prometheus, 'homeostat_schedule_active{entry="strict"} == 1'), begins_at - time.time() + 30)
        stack.wait_for("its thresholds", lambda: stack.promql(prometheus, 'homeostat_autonomy_threshold_ratio{risk="low",decision="auto-execute"} == 0.95'))
        stack.wait_for("its budget", lambda: stack.promql(prometheus, "homeostat_actions_per_day_limit == 1"))
        assert "level conservative by the schedule strict until" in house.said("status")
        # What is sure enough for moderate only is proposed now, and what is sure enough for both finds the budget spent.
        house.trouble("bee", "notify-execute")
        assert house.until("bee", "proposed")["decision"] == "propose"
        house.trouble("cow")
        waiting = house.until("cow", "deferred")
        assert waiting["reason"] == "budget: the budget of 1/1d actions of the schedule strict is spent"
        assert waiting["wake_at"] % 86400 == 0
        assert [house.runs(name) for name in house.services] == [1, 0, 0]
