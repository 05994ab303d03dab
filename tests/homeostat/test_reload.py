"""Both daemons as processes: what a reload takes over, what it refuses, and that the metric and the answer say so."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
import requests

from tests.integration.stack import ROOT

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

GOOD = """\
host: {host}
prometheus: {{url: 'http://127.0.0.1:9', timeout: 1s}}
alertmanager: {{url: 'http://127.0.0.1:9', timeout: 1s}}
exporter: {{state_directory: {state}/exporter}}
actor: {{state_directory: {state}/{place}, ballast: 65536B}}
"""


@dataclasses.dataclass
class Daemon:
    """A daemon that answers at `url`, and the file that it reads."""

    process: subprocess.Popen[bytes]
    url: str
    file: pathlib.Path

    def write(self, host: str = "nas", place: str = "actor") -> None:
        self.file.write_text(GOOD.format(host=host, state=self.file.parent, place=place))

    def told(self) -> dict[str, float]:
        """Return the host that the daemon goes by, and whether it took its last configuration over."""
        page = requests.get(f"{self.url}/metrics", timeout=30).text
        found = re.findall(r"^homeostat_config_last_reload_successful\{(.*)\} (\S+)$", page, re.MULTILINE)
        return {dict(re.findall(r'(\w+)="([^"]*)"', labels))["host"]: float(value) for labels, value in found}

    def post(self) -> requests.Response:
        return requests.post(f"{self.url}/-/reload", timeout=30)

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def wait_for(self, told: dict[str, float]) -> None:
        ends = time.monotonic() + 60
        while (now := self.told()) != told:
            assert time.monotonic() < ends, now
            time.sleep(0.05)


@contextlib.contextmanager
def running(module: str, folder: pathlib.Path) -> Iterator[Daemon]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    file = folder / "homeostat.yml"
    argv = [sys.executable, "-m", module, "--config.file", str(file), "--web.listen-address", address]
    file.write_text(GOOD.format(host="nas", state=folder, place="actor"))
    with (folder / "log").open("wb") as log, subprocess.Popen(argv, cwd=ROOT, stdout=log, stderr=log) as process:
        daemon = Daemon(process, f"http://{address}", file)
        try:
            ends = time.monotonic() + 30
            while True:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < ends, (folder / "log").read_text()
                with contextlib.suppress(requests.ConnectionError):
                    daemon.told()
                    break
                time.sleep(0.05)
            yield daemon
        finally:
            process.kill()
            process.wait()


@pytest.mark.parametrize("module", ["exporter", "actor"])
def test_a_reload_takes_a_good_file_over_and_keeps_the_old_configuration_for_any_other(module: str, tmp_path: pathlib.Path) -> None:
    with running(module, tmp_path) as daemon:
        assert daemon.told() == {"nas": 1.0}
        daemon.file.write_text("autonomi: {}\n")
        answer = daemon.post()
        assert (answer.status_code, answer.text) == (500, f"{daemon.file}:1: autonomi: unknown key; did you mean 'autonomy'?\n")
        assert daemon.told() == {"nas": 0.0}

        daemon.write("renamed")
        assert (daemon.post().status_code, daemon.told()) == (200, {"renamed": 1.0})

        daemon.file.unlink()
        answer = daemon.post()
        assert (answer.status_code, answer.text) == (500, f"{daemon.file}: cannot be read: No such file or directory\n")
        assert daemon.told() == {"renamed": 0.0}

        daemon.write("again")
        daemon.hang_up()
        daemon.wait_for({"again": 1.0})
        daemon.file.write_bytes(b"host: \xff")
        daemon.hang_up()
        daemon.wait_for({"again": 0.0})
        assert daemon.process.poll() is None


def test_what_only_a_restart_can_change_is_refused_and_said(tmp_path: pathlib.Path) -> None:
    with running("actor", tmp_path) as daemon:
        daemon.write("moved", place="elsewhere")
        answer = daemon.post()
        assert (answer.status_code, "actor.state_directory: " in answer.text, "this needs a restart" in answer.text) == (500, True, True)
        assert daemon.told() == {"nas": 0.0}
