"""A real Alertmanager tells at exactly those moments at which we, from the same file, take a maintenance window to be open."""

from __future__ import annotations

import calendar
import random
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from homeostat.config import Config, load
from homeostat.time_intervals import active, local_time
from tests.httpd import Reply, serving
from tests.integration import stack

if TYPE_CHECKING:
    import datetime
    import pathlib

pytestmark = pytest.mark.integration

ZONES = ["UTC", "Local", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Auckland", "Pacific/Kiritimati"]
WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
INTERVALS = 200
# What is this close to a change is not asked about: Alertmanager takes a moment.
MARGIN_MINUTES = 4


def span(chance: random.Random, about: int, least: int, most: int) -> tuple[int, int]:
    """Draw a range that is often about a number, and often just beside it."""
    first = min(most, max(least, about + chance.randint(-3, 2)))
    return first, min(most, first + chance.randint(0, 3))


def of_days(chance: random.Random, moment: datetime.datetime) -> str:
    length = calendar.monthrange(moment.year, moment.month)[1]
    first, last = span(chance, moment.day, 1, 28)
    if chance.random() < 0.5:
        # The same counted from the end, which is another day in another month; what Alertmanager refuses in february is none.
        first, last = (max(-28, day - length - 1) for day in (first, last))
    return f"{first}:{last}"


def of_times(chance: random.Random, minute: int) -> dict[str, str]:
    near = [minute + sign * chance.randint(MARGIN_MINUTES, 600) for sign in (chance.choice((-1, 1)), 1)]
    start, end = sorted(min(1440, max(0, each)) for each in near)
    if start == end:
        start, end = 0, 1440
    return {"start_time": f"{start // 60:02}:{start % 60:02}", "end_time": f"{end // 60:02}:{end % 60:02}"}


def drawn(chance: random.Random, now: float, zones: list[str]) -> dict[str, Any]:
    zone = chance.choice(zones)
    moment = local_time(now, zone)
    months, weekdays = span(chance, moment.month, 1, 12), span(chance, moment.isoweekday() % 7, 0, 6)
    said = {
        "times": [of_times(chance, moment.hour * 60 + moment.minute) for _ in range(chance.randint(1, 2))],
        "weekdays": [f"{WEEKDAYS[weekdays[0]]}:{WEEKDAYS[weekdays[1]]}"],
        "days_of_month": [of_days(chance, moment) for _ in range(chance.randint(1, 2))],
        "months": [":".join(calendar.month_name[month].lower() if chance.random() < 0.5 else str(month) for month in months)],
        "years": [chance.choice([str(moment.year), f"{moment.year - 1}:{moment.year}", f"{moment.year + 1}:{moment.year + 2}"])],
    }
    return {"location": zone, **{key: value for key, value in said.items() if chance.random() < 0.45}}


def is_midnight(moment: datetime.datetime) -> bool:
    return not MARGIN_MINUTES <= moment.hour * 60 + moment.minute < 1440 - MARGIN_MINUTES


def config(intervals: dict[str, dict[str, Any]], receiver: str) -> dict[str, Any]:
    times = {"group_by": ["n"], "group_wait": "0s", "group_interval": "1m", "repeat_interval": "4h"}
    return {
        "route": {
            "receiver": "nobody",
            "routes": [{"receiver": "we", "matchers": [f'n="{name}"'], "active_time_intervals": [name], **times} for name in intervals],
        },
        "receivers": [{"name": "nobody"}, {"name": "we", "webhook_configs": [{"url": receiver}]}],
        "time_intervals": [{"name": name, "time_intervals": [interval]} for name, interval in intervals.items()],
    }


def test_two_hundred_intervals_hold_now_for_alertmanager_exactly_where_they_do_for_us(tmp_path: pathlib.Path) -> None:
    seed = time.time_ns()
    chance, now = random.Random(seed), time.time()
    zones = [zone for zone in ZONES if not is_midnight(local_time(now, zone))]
    intervals = {f"i{number}": drawn(chance, now, zones) for number in range(INTERVALS)}
    ours = tmp_path / "homeostat.yml"
    theirs = tmp_path / "alertmanager" / "alertmanager.yml"
    with serving(lambda asked: Reply()) as site, stack.start_alertmanager(theirs.parent, config(intervals, site.url)) as running:
        ours.write_text(yaml.safe_dump({"alertmanager": {"config_file": str(theirs), "time_intervals": list(intervals)}}))
        windows = dict(zip(intervals, load(ours, Config).windows, strict=True))
        held = {name for name, window in windows.items() if active([window], now)}
        assert INTERVALS / 5 < len(held) < INTERVALS * 4 / 5
        alerts = [{"labels": {"alertname": "it", "n": name}} for name in intervals]
        requests.post(f"{running.url}/api/v2/alerts", json=alerts, timeout=10).raise_for_status()

        def told() -> set[str]:
            return {alert["labels"]["n"] for asked in site.asked for alert in asked.json["alerts"]}

        stack.wait_for("what is told", lambda: told() >= held)
        # That nothing else comes is known only after a while.
        time.sleep(3)
        wrong = {name: intervals[name] for name in told() ^ held}
    assert wrong == {}, f"seed {seed}"
