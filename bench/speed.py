"""Speed side by side: forecasts, and `predict_linear` in a real Prometheus that holds the same series, each on one core."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pathlib
import platform
import tempfile
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import requests

from bench import fleet
from forecasting.__main__ import answers

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 5
QUERY = f"predict_linear({fleet.FREE}[7d], 86400)"


class _Same(fleet.Fleet):
    """The series of requests, all moved to end at one time."""

    def __init__(self, asked: list[dict[str, Any]], end: float) -> None:
        self.values = np.stack([request["values"] for request in asked])
        self.times = end - fleet.STEP_SECONDS * np.arange(self.values.shape[1] - 1, -1, -1)


def measured(scorer: Any, size: int) -> dict[str, float]:
    """Return series per second by name: ours, and Prometheus held to one core and free to use all; the fastest of some runs each."""
    with one_core():
        ours, asked = max((_ours(scorer, size) for _ in range(RUNS)), key=lambda run: run[0])
    end = time.time()
    with tempfile.TemporaryDirectory(prefix="homeostat-bench-", dir="/var/tmp") as scratch:
        folder = pathlib.Path(scratch)
        fleet.fill(folder, _Same(asked, end))
        with one_core():
            held = _linear(folder, end)
        free = _linear(folder, end)
    return {"ours": ours, "predict_linear_one_core": size / held, "predict_linear_all_cores": size / free}


def _ours(scorer: Any, size: int) -> tuple[float, list[dict[str, Any]]]:
    """Let the scorer measure; return its series per second and the requests that it made."""
    asked: list[dict[str, Any]] = []

    def run(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
        asked.extend(made)
        return answers(made)

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        scorer.speed(run, [size])
    return json.loads(printed.getvalue())["series_per_second"], asked


def _linear(folder: pathlib.Path, end: float) -> float:
    """Return the seconds of the fastest query."""
    with fleet.start_prometheus(folder, "") as prometheus:
        return min(_query(prometheus.url, end) for _ in range(RUNS))


def _query(url: str, end: float) -> float:
    began = time.monotonic()
    answer = requests.post(f"{url}/api/v1/query", data={"query": QUERY, "time": end}, timeout=120)
    answer.raise_for_status()
    seconds = time.monotonic() - began
    assert answer.json()["data"]["result"], "Prometheus does not hold the series"
    return seconds


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Hold this process, and what it starts, to one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def facts() -> str:
    """Tell what it was measured on, and how busy that was."""
    return f"{os.cpu_count()} cores at a load of {os.getloadavg()[1]:.1f}, Python {platform.python_version()}, numpy {np.__version__}, {platform.system()} {platform.machine()}"
