"""A real Prometheus that holds the fixture's past hours."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from homeostat.clock import SystemClock
from homeostat.config.types import Prometheus as PrometheusConfig
from homeostat.prometheus import Prometheus, PrometheusError
from tests.grafana import history
from tests.grafana.additions import with_additions
from tests.grafana.recording import recording

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

    from tests.grafana.recording import Recording

READY_SECONDS = 60


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Start Prometheus on `history`, answer when it can be asked, and end it."""
    with remembering(tmp_path_factory.mktemp("prometheus"), history.openmetrics()) as started:
        yield started


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Start Prometheus on what the demo's held, answer when it can be asked, and end it."""
    with replaying(tmp_path_factory.mktemp("demo"), recording()) as started:
        yield started


@pytest.fixture(scope="session")
def more_than_the_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Start Prometheus on what the demo's held and what the demo never shows."""
    with replaying(tmp_path_factory.mktemp("more"), with_additions()) as started:
        yield started


def replaying(directory: pathlib.Path, recorded: Recording) -> contextlib.AbstractContextManager[Prometheus]:
    """Run a Prometheus that holds `recorded`; what ended between two samples ends there."""
    return remembering(directory, recorded.openmetrics(), lookback_seconds=2 * recorded.step)


@contextlib.contextmanager
def remembering(directory: pathlib.Path, openmetrics: str, lookback_seconds: int = 300) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes nothing and holds these samples of the past."""
    _fill(directory, openmetrics)
    with (directory / "log").open("wb") as log, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        process = subprocess.Popen([*_argv(directory, address), f"--query.lookback-delta={lookback_seconds}s"], stdout=log, stderr=subprocess.STDOUT)
    try:
        yield _ready(process, Prometheus(PrometheusConfig(url=f"http://{address}")), directory / "log")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _fill(directory: pathlib.Path, openmetrics: str) -> None:
    (directory / "history.om").write_text(openmetrics, encoding="utf-8")
    (directory / "prometheus.yml").write_text("scrape_configs: []\n", encoding="utf-8")
    argv = [
        "promtool",
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(directory / "history.om"),
        str(directory / "data"),
    ]
    subprocess.run(argv, check=True, capture_output=True)


def _argv(directory: pathlib.Path, address: str) -> list[str]:
    return [
        "prometheus",
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        # The fixture's hours lie wherever it says, also longer ago than Prometheus keeps by itself.
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
    ]


def _ready(process: subprocess.Popen[bytes], prometheus: Prometheus, log: pathlib.Path) -> Prometheus:
    clock = SystemClock()
    deadline = clock.monotonic() + READY_SECONDS
    while clock.monotonic() < deadline and process.poll() is None:
        try:
            prometheus.query("vector(1)")
        except PrometheusError:
            clock.sleep(0.1)
        else:
            return prometheus
    raise AssertionError(f"Prometheus did not become ready:\n{log.read_text()[-2000:]}")
