"""How much the actor takes and how soon it acts: `python -m bench.actor`, of which docs/actor-load.md tells.

Starts real actors on a real disk, with a process of its own that answers for Prometheus and Alertmanager, and measures durable
deliveries beside the disk's bare rate of fsync in the same run, the time from an alert to its action, a storm, and a journal
that has become long.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import pathlib
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any

import click
import requests
import yaml

from actor.journal import Journal, audit
from bench import deliveries, long_journal
from bench.tables import FOLDER, ROOT, filled
from homeostat.clock import SystemClock
from tests.actor.live import Live
from tests.httpd import serving
from tests.integration import stack
from tests.support import HOST, WEB, FakePrometheus, secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

PAGE, DATA = ROOT / "docs" / "actor-load.md", FOLDER / "actor.json"
INTAKE, OPERATOR = "b1946ac92492d2347c6235b4d2611184", "591785b794601e212b260e25925636fd"
AS_OPERATOR = {"Authorization": f"Bearer {OPERATOR}"}
TARGETS = 100
# Connections, deliveries, alerts in each.
INTAKES = ((1, 2000, 1), (4, 4000, 1), (8, 6000, 1), (16, 6000, 1), (32, 6000, 1), (64, 6000, 1), (8, 400, 100))
STORM_ALERTS, STORM_CONNECTIONS = 10_000, 16
IDLE_ACTIONS = 20
LONG_INCIDENTS = 100_000
FSYNC_SECONDS = 1.0
FSYNC_BYTES = 4 * 1024**2
_CONTROL = """#!/bin/sh
case "$1" in
show) printf 'ActiveState=active\\nInvocationID=%s\\nMainPID=0\\nMemoryCurrent=100000\\n' "$(wc -l <{began})" ;;
restart) date +%s.%N >>{began} ;;
esac
"""


@click.command()
@click.option("--output", type=click.Path(path_type=pathlib.Path), default=DATA, show_default=True, help="Where the measurements go.")
@click.option("--page/--no-page", default=True, show_default=True, help="Write the tables into docs/actor-load.md.")
def main(output: pathlib.Path, page: bool) -> None:
    """Measure the actor under load."""
    with tempfile.TemporaryDirectory(prefix="homeostat-bench-", dir="/var/tmp") as scratch, town() as url:
        folder = pathlib.Path(scratch)
        found = {
            "facts": facts(folder),
            "intake": measure_intake(folder / "intake", url),
            "idle": measure_idle(folder / "idle", url),
            "storm": measure_storm(folder / "storm", url),
            "long": measure_long(folder / "long", url),
        }
    output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    made = tables(found)
    if page:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    click.echo("\n".join(made.values()))


@contextlib.contextmanager
def town() -> Iterator[str]:
    """Run a process that answers for Prometheus, which decides to restart every target, and for Alertmanager; yield its address."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_answer, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _answer(told: Connection) -> None:
    prometheus = FakePrometheus(SystemClock())
    for number in range(TARGETS):
        prometheus.decide(WEB._replace(target=f"web{number}"), "service-restart", "auto-execute", 0.95)
    live = Live(pathlib.Path("/nonexistent"), None, None, prometheus)
    with serving(live.answer) as site:
        told.send(site.url)
        threading.Event().wait()


def facts(folder: pathlib.Path) -> dict[str, Any]:
    """Return what the measurements depend on."""
    kinds = [line.split() for line in pathlib.Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    device = max((mount for mount in kinds if folder.is_relative_to(mount[1])), key=lambda mount: len(mount[1]))
    return {
        "cores": os.cpu_count(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "filesystem": device[2],
        "system": f"{platform.system()} {platform.machine()}", "load": round(os.getloadavg()[0], 2),
    }  # fmt: skip


def fsync_rate(folder: pathlib.Path) -> float:
    """Return how often a second 4 KiB can be made durable in `folder`, written over in place as SQLite does in its log."""
    descriptor = os.open(folder / "fsync", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, bytes(FSYNC_BYTES), 0)
        os.fsync(descriptor)
        began, number = time.perf_counter(), 0
        while time.perf_counter() - began < FSYNC_SECONDS:
            os.pwrite(descriptor, os.urandom(4096), 4096 * number % FSYNC_BYTES)
            os.fdatasync(descriptor)
            number += 1
        return number / (time.perf_counter() - began)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def actor(folder: pathlib.Path, url: str, **changes: Any) -> Iterator[stack.Running]:
    """Run an actor whose state lies in `folder`, with a hundred services whose restarts note when they began."""
    folder.mkdir(parents=True, exist_ok=True)
    secret(folder / "intake", INTAKE)
    secret(folder / "operator", OPERATOR)
    services = {}
    for number in range(TARGETS):
        control, began = folder / f"control-{number}", folder / f"began-{number}"
        control.write_text(_CONTROL.format(began=began), encoding="utf-8")
        control.chmod(0o755)
        began.touch()
        services[f"web{number}"] = {
            "manager": "command", "memory_limit": "1MiB", "commands": {"show": [str(control), "show"], "restart": [str(control), "restart"]},
        }  # fmt: skip
    settings = {
        "host": HOST,
        "prometheus": {"url": url, "evaluation_interval": "5s"},
        "alertmanager": {"url": url},
        "security": {"intake_token_files": [str(folder / "intake")], "operator_token_files": [str(folder / "operator")]},
        "autonomy": {"mode": "active", "level": "aggressive", "max_actions_per_day": 1000, "actions": {"service-restart": {"settle": "0s", "watch": "1s"}}},
        "limits": {"restarts": [{"count": 1000, "within": "1h"}]},
        "services": services,
        "actor": {"state_directory": str(folder / "state")},
    }
    (folder / "homeostat.yml").write_text(yaml.safe_dump(settings | changes), encoding="utf-8")
    with stack.start_daemon("actor", folder / "homeostat.yml") as running:
        yield running


def port_of(running: stack.Running) -> int:
    """Return the port that an actor listens on."""
    return int(running.url.rpartition(":")[2])


def measure_intake(folder: pathlib.Path, url: str) -> list[dict[str, Any]]:
    """Measure durable deliveries at several numbers of connections, each beside the disk's bare fsync rate just before."""
    rows = []
    with actor(folder, url, autonomy={"mode": "shadow"}) as running:
        for connections, number, alerts in INTAKES:
            bodies = [deliveries.body([deliveries.labels(HOST, f"web{(first + more) % TARGETS}") for more in range(alerts)]) for first in range(number)]
            stack.wait_for("nothing waits", lambda: metric(running, "homeostat_alerts_pending") == 0, 60)
            bare = fsync_rate(folder)
            answered = deliveries.post(port_of(running), INTAKE, bodies, connections)
            assert answered.refused == []
            rows.append({
                "connections": connections, "alerts": alerts, "per_second": round(answered.per_second), "fsyncs_per_second": round(bare),
                "ratio": round(answered.per_second / bare, 2), "median_ms": _ms(answered.quantile(0.5)), "p99_ms": _ms(answered.quantile(0.99)),
                "worst_ms": _ms(answered.latencies[-1]),
            })  # fmt: skip
    return rows


def measure_idle(folder: pathlib.Path, url: str) -> dict[str, float]:
    """Measure the seconds from the posting of an alert until the action's program runs, one at a time, in an actor at rest."""
    waits = []
    with actor(folder, url) as running:
        for number in range(IDLE_ACTIONS):
            began = folder / f"began-{number}"
            posted = time.time()
            deliveries.post(port_of(running), INTAKE, [deliveries.body([deliveries.labels(HOST, f"web{number}")])], 1)
            if not _waited_for(began, 10):
                break
            waits.append(float(began.read_text(encoding="utf-8").split()[0]) - posted)
            stack.wait_for("it is over", lambda: metric(running, "homeostat_incidents", 'state="running"') == 0, 30)
    return {"actions": len(waits), "median_seconds": round(statistics.median(waits), 3), "worst_seconds": round(max(waits), 3)}


def _waited_for(began: pathlib.Path, seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if began.stat().st_size:
            return True
        time.sleep(0.01)
    return False


def measure_storm(folder: pathlib.Path, url: str) -> dict[str, Any]:
    """Let 10,000 alerts of a hundred targets fall on an actor that acts; scrape meanwhile, stop it in the middle, and count."""
    alerts = [deliveries.labels(HOST, f"web{number % TARGETS}") for number in range(STORM_ALERTS)]
    bodies = [deliveries.body([said]) for said in alerts]
    with actor(folder, url) as running, scraping(running) as scrapes:
        before = memory_mib(running, "VmRSS")
        answered = deliveries.post(port_of(running), INTAKE, bodies[: STORM_ALERTS // 2], STORM_CONNECTIONS)
        said: list[tuple[float, float]] = []
        person = threading.Thread(target=lambda: said.append(say_stop(folder)))
        person.start()
        more = deliveries.post(port_of(running), INTAKE, bodies[STORM_ALERTS // 2 :], STORM_CONNECTIONS)
        posted = time.monotonic()
        person.join()
        stack.wait_for("every alert is decided", lambda: metric(running, "homeostat_alerts_pending") == 0, 120)
        decided = time.monotonic() - posted
        stack.wait_for("nothing runs", lambda: metric(running, "homeostat_incidents", 'state="running"') == 0, 60)
        most = memory_mib(running, "VmHWM")
    latencies = sorted(answered.latencies + more.latencies)
    restarts = [[float(at) for at in (folder / f"began-{number}").read_text(encoding="utf-8").split()] for number in range(TARGETS)]
    stopped_at, stop_seconds = said[0]
    with contextlib.closing(Journal(folder / "state", 0)) as journal:
        counted = {table: journal.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("alerts", "incidents", "executions")}
        undecided, faults = journal.rows("SELECT count(*) FROM alerts WHERE disposition IS NULL")[0][0], list(audit.faults(journal))
    return {
        "posted": STORM_ALERTS, "refused": len(answered.refused + more.refused), "stored": counted["alerts"], "undecided": undecided,
        "incidents": counted["incidents"], "executions": counted["executions"], "restarts": sum(map(len, restarts)), "most_restarts_of_one": max(map(len, restarts)),
        "stop_seconds": round(stop_seconds, 2), "begun_a_second_after_the_stop": sum(at > stopped_at + 1 for of_one in restarts for at in of_one),
        "faults": len(faults), "per_second": round(STORM_ALERTS / (answered.seconds + more.seconds)), "p99_ms": _ms(latencies[int(0.99 * len(latencies))]),
        "decided_seconds_after_the_last": round(decided, 2), "scrapes": len(scrapes), "worst_scrape_ms": _ms(max(scrapes)),
        "memory_before_mib": round(before), "most_memory_mib": round(most),
    }  # fmt: skip


def say_stop(folder: pathlib.Path) -> tuple[float, float]:
    """Run `homeostat stop` as a person does; return the Unix time at which it was over, and the seconds that it took."""
    began = time.monotonic()
    argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(folder / "homeostat.yml"), "stop", "--reason", "the bench says so"]
    subprocess.run(argv, check=True, capture_output=True, cwd=ROOT)
    return time.time(), time.monotonic() - began


@contextlib.contextmanager
def scraping(running: stack.Running) -> Iterator[list[float]]:
    """Scrape four times a second for as long as the block lasts, and yield each one's seconds as they come."""
    over, seconds = threading.Event(), []

    def scrape() -> None:
        while not over.wait(0.25):
            began = time.perf_counter()
            requests.get(f"{running.url}/metrics", timeout=30).raise_for_status()
            seconds.append(time.perf_counter() - began)

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield seconds
    finally:
        over.set()
        thread.join()


def measure_long(folder: pathlib.Path, url: str) -> dict[str, Any]:
    """Measure scrapes, the API and intake of an actor whose journal holds a hundred thousand incidents."""
    folder.mkdir(parents=True)
    with contextlib.closing(Journal(folder / "state", 0)) as journal:
        long_journal.fill(journal, LONG_INCIDENTS, TARGETS)
        size = journal.size_bytes()
    with actor(folder, url, autonomy={"mode": "shadow"}) as running:
        answered = deliveries.post(port_of(running), INTAKE, [deliveries.body([deliveries.labels(HOST, f"web{number % TARGETS}")]) for number in range(2000)], 8)
        asked = {name: [_asked(running, path) for _ in range(9)] for name, path in _PATHS.items()}
    return {
        "incidents": LONG_INCIDENTS, "journal_mib": round(size / 1024**2), "per_second": round(answered.per_second), "p99_ms": _ms(answered.quantile(0.99)),
        **{f"{name}_ms": _ms(statistics.median(seconds)) for name, seconds in asked.items()},
    }  # fmt: skip


_PATHS = {"scrape": "/metrics", "status": "/api/v1/status", "decisions_of_a_day": "/api/v1/decisions?last=86400", "why": "/api/v1/decisions?last=9e9&target=web7"}


def _asked(running: stack.Running, path: str) -> float:
    began = time.perf_counter()
    requests.get(f"{running.url}{path}", headers=AS_OPERATOR, timeout=30).raise_for_status()
    return time.perf_counter() - began


def metric(running: stack.Running, name: str, label: str = "") -> float:
    """Return the value of the first series of that name that bears the label."""
    lines = requests.get(f"{running.url}/metrics", timeout=30).text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name}{{") and label in line)


def memory_mib(running: stack.Running, name: str) -> float:
    """Return what a process holds (VmRSS) or the most that it held (VmHWM)."""
    lines = pathlib.Path(f"/proc/{running.process.pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def tables(found: dict[str, Any]) -> dict[str, str]:
    """Make the page's tables of the measurements."""
    return {"facts": _facts(found["facts"]), "intake": _intake(found["intake"]), "idle": _idle(found["idle"]), "storm": _storm(found["storm"]), "long": _long(found["long"])}


def _facts(said: dict[str, Any]) -> str:
    return (
        f"{said['cores']} cores, shared with whoever posts and with whatever answers for Prometheus and Alertmanager; {said['filesystem']}, Python {said['python']}, "
        f"SQLite {said['sqlite']}, {said['system']}; load average at the start {said['load']}.\n"
    )


def _intake(rows: list[dict[str, Any]]) -> str:
    head = "| connections | alerts in each | deliveries a second | bare fsyncs a second | ratio | median | p99 | worst |\n|---:|---:|---:|---:|---:|---:|---:|---:|\n"
    return head + "".join(
        f"| {row['connections']} | {row['alerts']} | {row['per_second']:,} | {row['fsyncs_per_second']:,} | {row['ratio']:.2f}"
        f" | {row['median_ms']:.1f} ms | {row['p99_ms']:.1f} ms | {row['worst_ms']:.1f} ms |\n"
        for row in rows
    )


def _idle(said: dict[str, Any]) -> str:
    return f"{said['actions']} actions, one at a time: the program ran {said['median_seconds']:.2f} s after the webhook was posted (median), {said['worst_seconds']:.2f} s at worst.\n"


def _storm(said: dict[str, Any]) -> str:
    return _listed({
        "alerts posted, refused": f"{said['posted']:,}, {said['refused']}",
        "stored, undecided in the end": f"{said['stored']:,}, {said['undecided']}",
        "incidents": f"{said['incidents']}",
        "executions in the journal, restarts seen, most of one target": f"{said['executions']}, {said['restarts']}, {said['most_restarts_of_one']}",
        "faults that `homeostat journal verify` finds": f"{said['faults']}",
        "deliveries a second, p99": f"{said['per_second']:,}, {said['p99_ms']:.1f} ms",
        "`homeostat stop` in the middle, the whole command": f"{said['stop_seconds']:.2f} s",
        "begun more than a second after it": f"{said['begun_a_second_after_the_stop']}",
        "decided after the last was posted": f"{said['decided_seconds_after_the_last']:.2f} s",
        "scrapes meanwhile, the worst": f"{said['scrapes']}, {said['worst_scrape_ms']:.0f} ms",
        "memory before, at most": f"{said['memory_before_mib']} MiB, {said['most_memory_mib']} MiB",
    })  # fmt: skip


def _long(said: dict[str, Any]) -> str:
    return _listed({
        "incidents, size of the journal": f"{said['incidents']:,}, {said['journal_mib']} MiB",
        "scrape": f"{said['scrape_ms']:.1f} ms",
        "`homeostat status`, the API's part": f"{said['status_ms']:.1f} ms",
        "`homeostat decisions --last 1d`, the API's part": f"{said['decisions_of_a_day_ms']:.1f} ms",
        "`homeostat why web7`, the API's part": f"{said['why_ms']:.1f} ms",
        "deliveries a second at 8 connections, p99": f"{said['per_second']:,}, {said['p99_ms']:.1f} ms",
    })  # fmt: skip


def _listed(rows: dict[str, str]) -> str:
    return "| | |\n|---|---:|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows.items())


if __name__ == "__main__":
    main()
