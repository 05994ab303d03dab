"""Quiet windows on a real Prometheus that holds two weeks of a service's traffic: found at night, by a person's command."""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from homeostat.time_intervals import local_time
from tests.integration import stack

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

DAY_SECONDS = 86400
ZONE = "Europe/Berlin"


def requests_a_second(timestamp: float, chance: random.Random) -> float:
    """Busy by day, busiest on weekend evenings, quiet from two to five at night in Berlin."""
    moment = local_time(timestamp, ZONE)
    if 2 <= moment.hour < 5:
        return chance.uniform(0.1, 0.3)
    evening = 20 if moment.hour >= 19 and moment.weekday() >= 5 else 0
    return 8 + 4 * math.sin((moment.hour - 9) / 12 * math.pi) + evening + chance.uniform(0, 2)


def write_two_weeks(directory: pathlib.Path) -> None:
    """Lay down blocks with a sample every four minutes up to now, from two instances that serve one service."""
    chance, now = random.Random(7), time.time()
    directory.mkdir()
    lines = ["# TYPE requests_a_second gauge"]
    for instance in ("a", "b"):
        moments = [now - 14 * DAY_SECONDS + 240 * step for step in range(14 * 360)]
        lines += [f'requests_a_second{{instance="{instance}"}} {requests_a_second(at, chance):.3f} {at:.3f}' for at in moments]
    text = directory / "traffic.om"
    text.write_text("\n".join([*lines, "# EOF\n"]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(directory / "data")]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def config_file(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    write_two_weeks(tmp_path / "prometheus")
    port = stack.free_port()
    with stack.start_prometheus(tmp_path / "prometheus", {"global": {"scrape_interval": "1s"}}) as prometheus:
        config = {
            "host": "box",
            "prometheus": {"url": prometheus.url},
            "exporter": {
                "url": f"http://127.0.0.1:{port}",
                "cycle": "1s",
                "state_directory": str(tmp_path / "state"),
                "traffic": [{"service": "jellyfin", "query": "requests_a_second", "timezone": ZONE, "length": "1h"}],
            },
            "windows": [{"times": [{"start_time": "00:30", "end_time": "06:00"}], "weekdays": ["monday:saturday"], "location": ZONE}],
        }
        path = tmp_path / "homeostat.yml"
        path.write_text(yaml.safe_dump(config))
        with stack.start_daemon("exporter", path, port) as exporter:
            stack.wait_for("a quiet window", lambda: "homeostat_quiet_window_start" in requests.get(f"{exporter.url}/metrics", timeout=30).text)
            yield path


def homeostat(config_file: pathlib.Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "homeostat.cli", "--config.file", str(config_file), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(stack.ROOT)}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def metrics(config_file: pathlib.Path) -> dict[str, float]:
    url = yaml.safe_load(config_file.read_text())["exporter"]["url"]
    lines = requests.get(f"{url}/metrics", timeout=30).text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


def test_quiet_windows_are_found_at_night_inside_the_maintenance_windows(config_file: pathlib.Path) -> None:
    found: list[dict[str, Any]] = json.loads(homeostat(config_file, "windows", "--next", "30d", "--json"))
    assert 25 <= len(found) <= 27
    assert [window["load_ratio"] for window in found] == sorted(window["load_ratio"] for window in found)
    for window in found:
        start, end = local_time(window["start"], ZONE), local_time(window["end"], ZONE)
        assert window["end"] - window["start"] == 3600
        assert start.weekday() != 6
        assert (start.hour, start.minute) >= (2, 0)
        assert (end.hour, end.minute) <= (5, 0)
        assert window["load_ratio"] < 0.05
    assert "jellyfin" in homeostat(config_file, "windows", "--service", "jellyfin", "--length", "30m")

    served = metrics(config_file)
    load = 'homeostat_expected_load_ratio{host="box",target="jellyfin",hour="%s"}'
    assert max(served[load % f"{day} {hour:02}"] for day in ("Sat", "Sun") for hour in range(19, 24)) == 1.0
    assert served[load % "Wed 03"] < 0.05
    assert served[load % "Wed 15"] > 0.2
    quiet = served['homeostat_quiet_window_start_timestamp_seconds{host="box",target="jellyfin"}']
    assert time.time() - 60 < quiet < time.time() + 2 * DAY_SECONDS
    assert (1, 30) <= (local_time(quiet, ZONE).hour, local_time(quiet, ZONE).minute) < (5, 0)
