"""How fast and how large the exporter is: `python -m bench.exporter [--series N]... [--output FILE]`.

Starts a real Prometheus with a week of history every five minutes, starts the real exporter on it, and measures a cold
start each way, steady cycles, memory and scrapes, beside `predict_linear` of the same Prometheus in the same run.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import click
import numpy as np
import requests
import yaml

from bench import fleet
from tests.integration import stack

CYCLE_SECONDS = 10
CYCLES = 8
SCRAPES = 7
STAGES = ("fetch", "forecast", "score", "expose")
HORIZONS = ["1d", "2d", "7d", "14d", "30d"]


@dataclasses.dataclass
class Measured:
    """What was measured with so many series; seconds, MiB."""

    series: int
    samples_scraped: int = 0
    cold: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    cycles: list[dict[str, float]] = dataclasses.field(default_factory=list)
    most_memory: float = 0.0
    scrape: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    linear: dict[str, list[float]] = dataclasses.field(default_factory=dict)


@click.command()
@click.option("--series", "sizes", type=int, multiple=True, default=(1000, 10_000), show_default=True)
@click.option("--folder", type=click.Path(path_type=pathlib.Path), help="Keep Prometheus' data here for another run within the hour.")
@click.option("--output", type=click.Path(path_type=pathlib.Path), help="Write the table there instead of printing it.")
def main(sizes: tuple[int, ...], folder: pathlib.Path | None, output: pathlib.Path | None) -> None:
    """Measure the exporter."""
    with tempfile.TemporaryDirectory(prefix="homeostat-bench-", dir="/var/tmp") as scratch:
        results = [measure(size, (folder or pathlib.Path(scratch)) / str(size)) for size in sizes]
    text = table(results)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        click.echo(text)


def measure(series: int, folder: pathlib.Path) -> Measured:
    """Measure everything with `series` series, on the data in `folder`."""
    measured = Measured(series)
    folder.mkdir(parents=True, exist_ok=True)
    disks = fleet.Fleet(series, time.time())
    if not (folder / "data").exists():
        fleet.fill(folder, disks)
    page = disks.page()
    with stack.serve_metrics(lambda: page) as scraped, fleet.start_prometheus(folder, scraped) as prometheus:
        stack.wait_for("fresh samples", lambda: len(stack.promql(prometheus.url, fleet.SIZE)) == series, 90)
        for way, scrape_interval in (("query_range", "15s"), ("remote_read", "5m")):
            began = time.monotonic()
            with start_exporter(folder, prometheus.url, scrape_interval) as exporter:
                measured.cold[way] = cold_start(exporter, began)
                if way == "remote_read":
                    measured.cycles = [next_cycle(exporter) for _ in range(CYCLES)]
                    measure_scrapes(measured, exporter)
                measured.most_memory = max(measured.most_memory, peak_mib(exporter.process.pid))
        for window in ("7d", "6h"):
            query = f"predict_linear({fleet.FREE}[{window}], 86400)"
            measured.linear[window] = [post(f"{prometheus.url}/api/v1/query", query) for _ in range(3)]
    return measured


def start_exporter(folder: pathlib.Path, prometheus_url: str, scrape_interval: str) -> stack.Running:
    """Start the exporter; with a dense `scrape_interval` it thinks remote_read the dearer way."""
    config: dict[str, Any] = {
        "host": "bench",
        "prometheus": {"url": prometheus_url, "timeout": "60s"},
        "exporter": {
            "cycle": f"{CYCLE_SECONDS}s",
            "scrape_interval": scrape_interval,
            "state_directory": str(folder / f"state-{scrape_interval}"),
            "horizons": HORIZONS,
            "targets": {
                "filesystem": {"query": fleet.FREE, "size_query": fleet.SIZE},
                "service_memory": {"enabled": False},
            },
        },
    }
    file = folder / "homeostat.yml"
    file.write_text(yaml.safe_dump(config))
    return stack.start_daemon("exporter", file)


def cold_start(exporter: stack.Running, began: float) -> dict[str, float]:
    """Return the seconds of each stage of the first cycle, and from the process's start until all is served."""
    stack.wait_for("the first cycle", lambda: requests.get(f"{exporter.url}/-/ready", timeout=5).status_code == 200, 120)
    whole = time.monotonic() - began
    return {**stage_seconds(exporter), "whole": whole}


def next_cycle(exporter: stack.Running) -> dict[str, float]:
    """Return the seconds of each stage of the next cycle, and of all together."""
    before = now = stage_seconds(exporter)
    while now == before:
        # Seldom, as a scrape takes time from the cycle.
        time.sleep(CYCLE_SECONDS / 2)
        now = stage_seconds(exporter)
    return {**now, "whole": sum(now.values())}


def stage_seconds(exporter: stack.Running) -> dict[str, float]:
    """Read how long each stage of the last cycle took."""
    lines = requests.get(f"{exporter.url}/metrics", timeout=30, headers={"Accept-Encoding": "identity"}).text.splitlines()
    found = [line for line in lines if line.startswith("homeostat_exporter_stage_duration_seconds{")]
    return {stage: next(float(line.split()[-1]) for line in found if f'"{stage}"' in line) for stage in STAGES}


def measure_scrapes(measured: Measured, exporter: stack.Running) -> None:
    """Take the seconds of a scrape as Prometheus does it and without packing, and count its samples."""
    for coding in ("gzip", "identity"):
        measured.scrape[coding] = [get(f"{exporter.url}/metrics", coding) for _ in range(SCRAPES)]
    text = requests.get(f"{exporter.url}/metrics", timeout=30).text
    measured.samples_scraped = sum(not line.startswith("#") for line in text.splitlines())


def get(url: str, coding: str) -> float:
    """Return the seconds until all of an answer has come, still packed."""
    began = time.monotonic()
    with requests.get(url, stream=True, timeout=60, headers={"Accept-Encoding": coding}) as answer:
        while answer.raw.read(1 << 20, decode_content=False):
            pass
    return time.monotonic() - began


def post(url: str, query: str) -> float:
    """Return the seconds that a query takes."""
    began = time.monotonic()
    requests.post(url, data={"query": query}, timeout=60).raise_for_status()
    return time.monotonic() - began


def peak_mib(pid: int) -> float:
    """Return the most memory that a process has held."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def table(results: list[Measured]) -> str:
    """Write what was measured as Markdown."""
    rows = [
        ("cold start by remote_read: fetch", [f"{r.cold['remote_read']['fetch']:.2f} s" for r in results]),
        ("cold start by remote_read: process started until all is served", [f"{r.cold['remote_read']['whole']:.2f} s" for r in results]),
        ("cold start by query_range: fetch", [f"{r.cold['query_range']['fetch']:.2f} s" for r in results]),
        ("cold start by query_range: process started until all is served", [f"{r.cold['query_range']['whole']:.2f} s" for r in results]),
        *((f"steady cycle, {stage}: median (max)", [_spread([c[stage] for c in r.cycles]) for r in results]) for stage in (*STAGES, "whole")),
        ("scrape, packed as Prometheus asks: median (max)", [_spread(r.scrape["gzip"]) for r in results]),
        ("scrape, not packed: median (max)", [_spread(r.scrape["identity"]) for r in results]),
        ("samples on the page", [f"{r.samples_scraped:,}" for r in results]),
        ("most memory of the exporter", [f"{r.most_memory:.0f} MiB" for r in results]),
        *((f"Prometheus' own `predict_linear(x[{w}], 86400)`: median (max)", [_spread(r.linear[w]) for r in results]) for w in ("7d", "6h")),
    ]
    head = ["| | " + " | ".join(f"{r.series:,} series" for r in results) + " |", "|---|" + "---:|" * len(results)]
    return "\n".join([_facts(), "", *head, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows), ""])


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.3f} ({max(seconds):.3f}) s"


def _facts() -> str:
    said = subprocess.run(["prometheus", "--version"], capture_output=True, text=True, check=True)
    prometheus = (said.stdout + said.stderr).split()[2]
    return (
        f"A week at {fleet.STEP_SECONDS // 60} minutes, {len(HORIZONS)} horizons. {os.cpu_count()} cores shared with Prometheus {prometheus} on loopback; "
        f"Python {platform.python_version()}, numpy {np.__version__}, {platform.system()} {platform.machine()}. "
        f"Steady: {CYCLES} cycles. Made by `python -m bench.exporter`."
    )


if __name__ == "__main__":
    sys.exit(main())
