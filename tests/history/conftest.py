"""A real Prometheus that holds a week's history and evaluates on it what was done and how well."""

from __future__ import annotations

import pathlib
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from homeostat.clock import SystemClock
from homeostat.config.types import Prometheus as PrometheusConfig
from homeostat.prometheus import Prometheus, PrometheusError
from tests.history import week

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = [pathlib.Path(__file__).parents[2] / "alert-rules" / f"{name}.rules.yml" for name in ("history", "success")]
READY_SECONDS = 60


def records() -> set[str]:
    """Return the names of all that the rules record."""
    return {rule["record"] for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]}


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Start Prometheus on the week, answer once every rule has been evaluated, and end it."""
    directory = tmp_path_factory.mktemp("prometheus")
    _fill(directory)
    with (directory / "log").open("wb") as log, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        argv = ["prometheus", f"--config.file={directory / 'prometheus.yml'}", f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={address}"]
        process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield _ready(process, Prometheus(PrometheusConfig(url=f"http://{address}")), directory / "log")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _fill(directory: pathlib.Path) -> None:
    (directory / "history.om").write_text(week.openmetrics(SystemClock().now()), encoding="utf-8")
    # A minute is long for a test; what the rules say does not depend on it.
    for path in RULES:
        (directory / path.name).write_text(path.read_text().replace("interval: 1m", "interval: 1s"), encoding="utf-8")
    (directory / "prometheus.yml").write_text("rule_files: ['*.rules.yml']\n", encoding="utf-8")
    argv = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(directory / "history.om"), str(directory / "data")]
    subprocess.run(argv, check=True, capture_output=True)


def _ready(process: subprocess.Popen[bytes], prometheus: Prometheus, log: pathlib.Path) -> Prometheus:
    clock = SystemClock()
    deadline = clock.monotonic() + READY_SECONDS
    while clock.monotonic() < deadline and process.poll() is None:
        try:
            found = {sample.labels["__name__"] for sample in prometheus.query('{__name__=~".+:.+"}')}
        except PrometheusError:
            found = set()
        if records() <= found:
            return prometheus
        clock.sleep(0.1)
    raise AssertionError(f"Prometheus did not record {records() - found}:\n{log.read_text()[-2000:]}")
