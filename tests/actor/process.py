"""A real actor process for tests: how it is configured, started, asked and ended."""

from __future__ import annotations

import contextlib
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import requests
import yaml

from tests.support import HOST, merged, secret

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
INTAKE, OPERATOR = "b1946ac92492d2347c6235b4d2611184", "591785b794601e212b260e25925636fd"


def settings(folder: pathlib.Path, **changes: Any) -> dict[str, Any]:
    for name, token in (("intake", INTAKE), ("operator", OPERATOR), ("placeholder", "<your token here please>"), ("empty", "")):
        secret(folder / name, token)
    security = {"intake_token_files": [str(folder / "intake")], "operator_token_files": [str(folder / "operator")]}
    nowhere = {"url": "http://127.0.0.1:9", "timeout": "1s"}
    base = {"host": HOST, "prometheus": nowhere, "alertmanager": nowhere, "security": security, "actor": {"state_directory": str(folder / "state"), "ballast": "65536B"}}
    return merged(base, changes)


def start(folder: pathlib.Path, text: str, *flags: str) -> subprocess.Popen[str]:
    (folder / "homeostat.yml").write_text(text)
    argv = [sys.executable, "-m", "actor", "--config.file", str(folder / "homeostat.yml"), "--web.listen-address", "127.0.0.1:0", *flags]
    return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def dumped(folder: pathlib.Path, **changes: Any) -> str:
    return yaml.safe_dump(settings(folder, **changes))


class Running:
    """An actor that answers, and its standard error as far as it was read."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.base = "http://" + self.wait_for("listening on").split("listening on ")[1].split(",")[0]

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(iter(self.process.stderr.readline, ""))

    def wait_for(self, text: str, seconds: float = 60) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in list(self.lines):
                if text in line:
                    return line
            assert self.process.poll() is None, "".join(self.lines)
            time.sleep(0.02)
        raise AssertionError(f"it never said {text!r}: {''.join(self.lines)}")

    def get(self, path: str) -> requests.Response:
        return requests.get(self.base + path, headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=30)

    def post(self, path: str, token: str = OPERATOR, body: bytes = b"") -> requests.Response:
        return requests.post(self.base + path, data=body, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def metric(self, start: str) -> str:
        return next(line.rpartition(" ")[2] for line in self.get("/metrics").text.splitlines() if line.startswith(start))

    def end(self) -> tuple[int, float]:
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60), time.monotonic() - began


@contextlib.contextmanager
def serving(folder: pathlib.Path, **changes: Any) -> Iterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = start(folder, dumped(folder, **changes), "--web.listen-address", f"127.0.0.1:{port}")
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        process.stderr.close()
