"""Real servers for tests and how to end them: each on a port of its own, its files below a directory that is given."""

from __future__ import annotations

import contextlib
import dataclasses
import http.server
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import requests
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What comes costs no more than it takes, which on a machine where many suites run beside may be long.
PATIENCE_SECONDS = 90


def free_port() -> int:
    """Return a loopback port that the kernel has free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, condition: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Return the first true value of `condition`, asked until `seconds` are over; then fail and say `what` never came."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.RequestException):
            if value := condition():
                return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclasses.dataclass
class Running:
    """A process that answers at `url`; as a context it is ended on the way out."""

    process: subprocess.Popen[bytes]
    url: str
    log: pathlib.Path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the process (not to others of its name), wait for its end and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"did not end by signal {number}:\n{self.text()}") from None

    def text(self) -> str:
        """Return what the process has written."""
        return self.log.read_text(errors="replace")


def start(argv: Sequence[str], url: str, log: pathlib.Path, healthy: str = "/-/healthy") -> Running:
    """Start `argv` with the repository importable, its output in `log`, and return once `url` + `healthy` answers 200."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with log.open("ab") as output:
        process = subprocess.Popen(list(argv), stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=environment)
    running = Running(process, url, log)
    try:
        wait_for(f"{argv[0]} at {url}", lambda: _answers(running, healthy))
    except BaseException:
        process.kill()
        process.wait()
        raise
    return running


def _answers(running: Running, path: str) -> bool:
    assert running.process.poll() is None, f"ended by itself:\n{running.text()}"
    return requests.get(running.url + path, timeout=10).status_code == 200


def start_prometheus(directory: pathlib.Path, config: Mapping[str, Any], port: int | None = None, *flags: str) -> Running:
    """Start Prometheus with `config` (what prometheus.yml says) and more flags; its data stay in `directory` for another start."""
    port = port or free_port()
    directory.mkdir(exist_ok=True)
    (directory / "prometheus.yml").write_text(yaml.safe_dump(dict(config)))
    argv = [
        "prometheus",
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *flags,
    ]
    return start(argv, f"http://127.0.0.1:{port}", directory / "prometheus.log")


def start_alertmanager(directory: pathlib.Path, config: Mapping[str, Any], port: int | None = None) -> Running:
    """Start one Alertmanager without peers with `config` (what alertmanager.yml says); its data stay in `directory` for another start."""
    port = port or free_port()
    directory.mkdir(exist_ok=True)
    (directory / "alertmanager.yml").write_text(yaml.safe_dump(dict(config)))
    argv = [
        "prometheus-alertmanager",
        f"--config.file={directory / 'alertmanager.yml'}",
        f"--storage.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    return start(argv, f"http://127.0.0.1:{port}", directory / "alertmanager.log")


def start_node_exporter(directory: pathlib.Path) -> Running:
    """Start node_exporter with its default collectors."""
    port = free_port()
    directory.mkdir(exist_ok=True)
    argv = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}"]
    return start(argv, f"http://127.0.0.1:{port}", directory / "node_exporter.log", healthy="/")


def start_daemon(module: str, config_file: pathlib.Path, port: int | None = None) -> Running:
    """Start one of our daemons, `python -m module`, as its script does."""
    port = port or free_port()
    argv = [sys.executable, "-m", module, f"--config.file={config_file}", f"--web.listen-address=127.0.0.1:{port}"]
    return start(argv, f"http://127.0.0.1:{port}", config_file.with_suffix(f".{module}.log"))


def scrape(job: str, *urls: str) -> dict[str, Any]:
    """Return the scrape configuration of `job`, whose instances are `urls`."""
    return {"job_name": job, "static_configs": [{"targets": [url.removeprefix("http://") for url in urls]}]}


def promql(url: str, query: str) -> list[dict[str, Any]]:
    """Return the instant vector that Prometheus at `url` answers `query` with."""
    answer = requests.post(f"{url}/api/v1/query", data={"query": query}, timeout=30).json()
    assert answer["status"] == "success", answer
    return list(answer["data"]["result"])


@contextlib.contextmanager
def serve_metrics(text: Callable[[], str]) -> Iterator[str]:
    """Serve `text()` as metrics on every path, and yield the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
