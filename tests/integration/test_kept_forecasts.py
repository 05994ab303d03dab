"""Kept forecasts on real parts: killed in mid-write, and an action's mark from a real Prometheus."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from exporter.scorekeeper import Scorekeeper
from tests.integration import stack

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.integration

KILLS = 25
# Turns one page after the other, an hour of its own clock each, and says so.
KEEPER = """
import itertools, pathlib, sys
from exporter.scorekeeper import Scorekeeper
from tests.exporter.lives import DAY, HOUR, START, Life, turn
keeper = Scorekeeper(pathlib.Path(sys.argv[1]))
keeper.open(START)
lives = [Life(target=f"/{number}") for number in range(200)]
first = int((max(keeper._book.turned_at, START) - START) / HOUR) + 1
for hour in itertools.count(first):
    made = turn(START + hour * HOUR, *lives, horizons=(DAY, 2 * DAY), window=HOUR)
    assert keeper.follow(made) == 0
    print(hour, keeper.report.scores[DAY].scored, flush=True)
"""


def kept_up(directory: pathlib.Path, seconds: float) -> list[tuple[int, int]]:
    """Let a process turn pages and kill it so long after its first; return the hours it told, and how many were scored by then."""
    environment = {**os.environ, "PYTHONPATH": str(stack.ROOT)}
    with subprocess.Popen([sys.executable, "-c", KEEPER, str(directory)], stdout=subprocess.PIPE, text=True, env=environment, cwd=stack.ROOT) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout]
    return [(int(hour), int(scored)) for hour, scored in (line.split() for line in lines if line.endswith("\n"))]


def test_an_exporter_killed_in_mid_write_loses_nothing_that_it_had_told_and_counts_nothing_twice(tmp_path: pathlib.Path) -> None:
    delays = random.Random(7)
    told: list[tuple[int, int]] = []
    for _ in range(KILLS):
        now = kept_up(tmp_path, delays.uniform(0, 0.25))
        assert not told or now[0][0] in {told[-1][0] + 1, told[-1][0] + 2}
        told += now
    # Each hour the forecasts of one more hour ended a day ago: those of the 200 series that were kept then.
    assert all(scored == max(0, 200 * (hour - 25)) for hour, scored in told)
    assert told[-1][0] > 30
    assert not list(tmp_path.glob("*.unreadable"))
    keeper = Scorekeeper(tmp_path)
    keeper.open(0.0)
    assert keeper.report.scores[86400.0].scored >= told[-1][1]
    keeper.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "forecasts.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


SIZE_BYTES = 100_000_000_000
CONFIG: dict[str, Any] = {
    "host": "own",
    "exporter": {
        "cycle": "1s",
        "scrape_interval": "1s",
        "window": "60s",
        "step": "1s",
        "minimum_samples": 15,
        "horizons": ["1m", "5m", "10m"],
        "hosts": {"127.0.0.1": "box"},
        "targets": {"filesystem": {"action_horizon": "10m"}, "service_memory": {"enabled": False}},
    },
}


class Disks:
    """`/acted` fills until it is acted upon, then only breathes; `/skewed` fills beside marks that no action can have left."""

    def __init__(self) -> None:
        self.began_at = time.monotonic()
        self.acted_at: float | None = None

    def metrics(self) -> str:
        passed = time.monotonic() - self.began_at
        filling = SIZE_BYTES * (0.5 - 0.002 * (passed - passed % 3))
        breathing = SIZE_BYTES * (0.5 + 0.0005 * (int(passed) % 4))
        lines = [
            *self._disk("/acted", breathing if self.acted_at else filling),
            *self._disk("/skewed", SIZE_BYTES * (0.9 - 0.0005 * (passed - passed % 3))),
            self._mark("/skewed", "skewed-clock", time.time() + 86400),
            self._mark("/skewed", "no-number", float("nan")),
        ]
        lines += [self._mark("/acted", "disk-cleanup", self.acted_at)] if self.acted_at else []
        return "\n".join([*lines, ""])

    @staticmethod
    def _disk(mountpoint: str, free: float) -> Iterator[str]:
        labels = f'{{device="{mountpoint}",fstype="btrfs",mountpoint="{mountpoint}"}}'
        yield f"node_filesystem_avail_bytes{labels} {free:.0f}"
        yield f"node_filesystem_size_bytes{labels} {SIZE_BYTES}"

    @staticmethod
    def _mark(target: str, action: str, moment: float) -> str:
        return f'homeostat_action_last_timestamp_seconds{{host="box",action="{action}",target="{target}",resource="filesystem"}} {moment}'


@pytest.fixture
def disks() -> Disks:
    return Disks()


@pytest.fixture
def exporter(tmp_path: pathlib.Path, disks: Disks) -> Iterator[stack.Running]:
    with contextlib.ExitStack() as running:
        node = running.enter_context(stack.serve_metrics(disks.metrics))
        scrapes = {"global": {"scrape_interval": "1s"}, "scrape_configs": [{**stack.scrape("node", node), "honor_labels": True}]}
        prometheus = running.enter_context(stack.start_prometheus(tmp_path / "prometheus", scrapes))
        config_file = tmp_path / "homeostat.yml"
        port = stack.free_port()
        settings = {**CONFIG["exporter"], "state_directory": str(tmp_path / "state"), "url": f"http://127.0.0.1:{port}"}
        config_file.write_text(yaml.safe_dump(CONFIG | {"prometheus": {"url": prometheus.url}, "exporter": settings}))
        yield running.enter_context(stack.start_daemon("exporter", config_file, port))


def asked(exporter: stack.Running, target: str) -> dict[str, Any] | None:
    answer = requests.get(f"{exporter.url}/api/v1/forecast", params={"host": "box", "target": target}, timeout=30)
    return answer.json()["forecasts"][0] if answer.ok else None


def metric(exporter: stack.Running, line: str) -> float | None:
    text = requests.get(f"{exporter.url}/metrics", timeout=30).text
    return next((float(row.split()[-1]) for row in text.splitlines() if row.startswith(line)), None)


def eventually(exporter: stack.Running, target: str, holds: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    def met() -> dict[str, Any] | None:
        found = asked(exporter, target)
        return found if found and holds(found) else None

    found: dict[str, Any] = stack.wait_for(f"a forecast of {target}", met)
    return found


def test_after_an_action_the_forecast_does_not_go_on_with_the_slope_that_it_ended(exporter: stack.Running, disks: Disks) -> None:
    before = eventually(exporter, "/acted", lambda found: found["reason"] is None and found["asserted"])
    assert before["probabilities"]["10m"] > 0.9
    is_kept(exporter)
    disks.acted_at = time.time()

    blind = eventually(exporter, "/acted", lambda found: found["reason"] == "not_enough_data")
    assert not blind["asserted"]
    after = eventually(exporter, "/acted", lambda found: found["reason"] is None)
    assert after["since"] >= disks.acted_at - 1
    assert after["probabilities"]["10m"] < 0.5
    assert not after["asserted"]
    stack.wait_for("the void", lambda: metric(exporter, 'homeostat_forecast_void_total{host="own",reason="acted"}'), 120)


def test_a_mark_from_the_future_and_one_that_is_no_number_blind_nobody(exporter: stack.Running, tmp_path: pathlib.Path) -> None:
    found = eventually(exporter, "/skewed", lambda found: found["reason"] is None)
    assert found["slope_per_second"]["median"] > 0
    told = homeostat(tmp_path, "forecast", "/skewed", "--explain")
    assert "disk_exhaustion filesystem /skewed on box" in told
    assert "reached within 1m" in told
    assert "/skewed" in homeostat(tmp_path, "forecast", "--host", "box")
    is_kept(exporter)
    assert homeostat(tmp_path, "validate-predictions").split()[:2] == ["horizon", "scored"]


def is_kept(exporter: stack.Running) -> None:
    stack.wait_for("a kept forecast", lambda: metric(exporter, 'homeostat_forecast_pending{host="own",horizon="1m"}'))


def homeostat(folder: pathlib.Path, *arguments: str) -> str:
    argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(folder / "homeostat.yml"), *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=stack.ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
