"""A level that the schedule changes at midnight decides from the next scrape on, with the very rules that are loaded."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.actor.web import pages_of
from tests.support import HOST, Actor, Host

if TYPE_CHECKING:
    import pathlib

    from tests.rules.conftest import Chain

ZONE = "America/New_York"
WEEKEND = {"name": "weekend", "when": [{"weekdays": ["saturday", "sunday"], "location": ZONE}], "level": "aggressive", "max_actions_per_day": 20}
SCRAPES = range(-5, 15)
POLICY = ("homeostat_autonomy_threshold_ratio", "homeostat_autonomy_level", "homeostat_actions_per_day_limit", "homeostat_schedule_active")


def served(actor: Actor, midnight: float) -> dict[str, str]:
    """Return what the actor's real page serves of its policy once a minute about midnight, as promtool's series."""
    client, told = pages_of(actor).client, dict[str, list[float]]()
    for minute in SCRAPES:
        # A scrape comes when it comes: half a minute after midnight, say.
        actor.clock.jump(midnight + minute * 60 + 30 - actor.clock.now())
        for family in text_string_to_metric_families(client.get("/metrics").text):
            for sample in family.samples if family.name in POLICY else ():
                labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
                told.setdefault(f'{sample.name}{{instance="{HOST}:1",{labels}}}', []).append(sample.value)
    return {name: " ".join(f"{value:g}" for value in values) for name, values in told.items()}


def row(policy: dict[str, str], pattern: str) -> list[str]:
    (values,) = [values for name, values in policy.items() if re.match(pattern, name)]
    return values.split()


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        ("2026-03-07", "propose", "auto-execute"),  # the weekend begins, in which clocks go forward
        ("2026-03-09", "auto-execute", "propose"),  # and ends
        ("2026-11-02", "auto-execute", "propose"),  # the end of the one in which they go back
    ],
)
def test_a_level_that_changes_at_midnight_is_decided_by_at_the_next_scrape(chain: Chain, tmp_path: pathlib.Path, day: str, before: str, after: str) -> None:
    actor = Actor(Host(tmp_path / "host"), autonomy={"mode": "active", "level": "conservative", "max_actions_per_day": 5, "schedule": [WEEKEND]})
    midnight = datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo(ZONE)).timestamp()
    policy = served(actor, midnight)
    actor.journal.close()
    series = {name: values for name, values in chain.whole(HOST).items() if "autonomy_threshold" not in name} | policy
    # 0.89, 1.00, 0.95, 1.00 give 0.957 for low risk; with a prediction of 0.83 it is 0.939: enough for aggressive, not for conservative.
    series |= chain.problem(HOST, 0.83)
    change = -SCRAPES.start
    # At once, whichever way it goes: a changed threshold suspends the band.
    moments = {f"{change - 1}m": before, f"{change}m": after, f"{change + 9}m": after}
    chain.decides(series, at={moment: {HOST: decision} for moment, decision in moments.items()})
    limit = row(policy, "homeostat_actions_per_day_limit")
    begins = after == "auto-execute"
    assert limit == ["5" if begins else "20"] * change + ["20" if begins else "5"] * (len(SCRAPES) - change)
    assert row(policy, "homeostat_schedule_active") == ["0" if value == "5" else "1" for value in limit]
    assert row(policy, 'homeostat_autonomy_level{.*level="aggressive"') == row(policy, "homeostat_schedule_active")
