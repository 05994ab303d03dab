"""Starts the real processes of the chain on free ports of loopback, and ends every one of them."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import secrets
import shutil
import signal
import socket
import string
import subprocess
import sys
import time
import urllib.request
from typing import Any

import yaml

from deploy.demo import sandbox as sandboxes
from deploy.demo import supervisor
from homeostat.config import Config, load
from homeostat.generate import alertmanager as our_alertmanager
from homeostat.generate import prometheus as our_prometheus

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVICES = {"leaky": "steady", "guarded": "steady", "stranger": "steady", "hesitant": "hesitant"}
PORTS = ("prometheus", "alertmanager", "node", "exporter", "actor", *SERVICES)
_READY_SECONDS = 30
_STOP_SECONDS = 15


class DemoError(Exception):
    """The sandbox cannot be set up; the message says why."""


@dataclasses.dataclass
class Stack:
    """A running chain below `base`."""

    base: pathlib.Path
    ports: dict[str, int] = dataclasses.field(default_factory=lambda: dict(zip(PORTS, _free_ports(len(PORTS)), strict=True)))
    processes: dict[str, subprocess.Popen[bytes]] = dataclasses.field(default_factory=dict)
    _sandbox: sandboxes.Sandbox | None = None

    @property
    def sandbox(self) -> sandboxes.Sandbox:
        """The sandbox's file system or directory, once it is made."""
        assert self._sandbox is not None
        return self._sandbox

    @property
    def run(self) -> pathlib.Path:
        """Where configuration, tokens, state and logs of the processes lie."""
        return self.base / "run"

    @property
    def config_file(self) -> pathlib.Path:
        """The configuration of both daemons and the CLI."""
        return self.run / "homeostat.yml"

    def url(self, name: str) -> str:
        """Return the base address of a process."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def prepare(self) -> None:
        """Make the sandbox and write every configuration below `base`; nothing runs yet."""
        self._sandbox = sandboxes.make(self.base)
        self.run.mkdir()
        for token in ("intake", "operator"):
            path = self.run / f"{token}.token"
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(32) + "\n")
        self.config_file.write_text(_homeostat_config(self))
        (self.run / "prometheus.yml").write_text(yaml.safe_dump(_prometheus_config(self)))
        (self.run / "alertmanager.yml").write_text(yaml.safe_dump(_alertmanager_config(self)))
        _prefill(self.sandbox.path / "logs")

    def spawn(self, name: str, *argv: str) -> None:
        """Start a process, its output to a log of its own."""
        with (self.run / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def spawn_actor(self) -> None:
        """Start the actor, at first or again after it was killed."""
        self._daemon("actor")

    def _daemon(self, name: str) -> None:
        address = f"--web.listen-address=127.0.0.1:{self.ports[name]}"
        self.spawn(name, sys.executable, "-m", name, f"--config.file={self.config_file}", address)

    def start(self) -> None:
        """Start everything and wait until each part answers."""
        for name, kind in SERVICES.items():
            argv = [sys.executable, str(ROOT / "deploy/demo/service.py"), "--port", str(self.ports[name]), "--kind", kind]
            supervisor.start(self.run, name, argv)
        self._start_monitoring()
        self._daemon("exporter")
        self.spawn_actor()
        self._start_writer()
        for name, page in (("prometheus", "-/ready"), ("alertmanager", "-/ready"), ("node", "metrics"), ("exporter", "-/healthy"), ("actor", "-/ready")):
            self._wait_for(name, page)

    def _start_monitoring(self) -> None:
        prometheus = ["--storage.tsdb.path", str(self.run / "prometheus"), "--config.file", str(self.run / "prometheus.yml")]
        self.spawn("prometheus", _program("prometheus"), *prometheus, f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}")
        alertmanager = ["--storage.path", str(self.run / "alertmanager"), "--config.file", str(self.run / "alertmanager.yml"), "--cluster.listen-address="]
        self.spawn("alertmanager", _program("prometheus-alertmanager"), *alertmanager, f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}")
        node = [f"--collector.textfile.directory={self.run}", "--collector.disable-defaults", "--collector.filesystem", "--collector.textfile"]
        self.spawn("node", _program("prometheus-node-exporter"), *node, f"--web.listen-address=127.0.0.1:{self.ports['node']}")

    def _start_writer(self) -> None:
        # The sandbox starts at a third, and would be full in about five minutes.
        pace, most = "2.2", str(int(sandboxes.SIZE_MIB * 0.95))
        textfile = [] if self.sandbox.own_filesystem else ["--textfile", str(self.run / "sandbox.prom")]
        writer = [str(ROOT / "deploy/demo/writer.py"), str(self.sandbox.path), "--mib-per-second", pace, "--most-mib", most]
        self.spawn("writer", sys.executable, *writer, *textfile)

    def _wait_for(self, name: str, page: str) -> None:
        ends = time.monotonic() + _READY_SECONDS
        while time.monotonic() < ends:
            if self.processes[name].poll() is not None:
                break
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url(name)}/{page}", timeout=2):
                return
            time.sleep(0.2)
        log = (self.run / f"{name}.log").read_text(errors="replace").strip().splitlines()
        raise DemoError(f"{name} did not start: {' | '.join(log[-5:]) or 'it said nothing'}")

    def stop(self) -> None:
        """End every process, the mount and everything on disk; it may be called twice."""
        for process in reversed(self.processes.values()):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
        for name in SERVICES:
            if (self.run / f"{name}.state").exists():
                supervisor.stop(self.run, name)
        sandboxes.remove(self.base)
        shutil.rmtree(self.base, ignore_errors=True)


def _prefill(folder: pathlib.Path) -> None:
    folder.mkdir()
    for number in range(320):
        path = folder / f"old.log.{number}"
        path.write_bytes(os.urandom(1024 * 1024))
        os.utime(path, (number, number))


def _homeostat_config(stack: Stack) -> str:
    own = stack.sandbox.own_filesystem
    size = sandboxes.SIZE_MIB
    custom = (
        f"[{{name: sandbox, query: sandbox_used_bytes, limit: {0.9 * size * 1024 * 1024}, problem: disk_exhaustion, resource: filesystem,"
        f" unit: bytes, target: {stack.sandbox.path}, action_horizon: 10m}}]"
    )
    return string.Template((ROOT / "deploy/demo/homeostat.yml").read_text()).substitute(
        {f"{name}_port": port for name, port in stack.ports.items()},
        sandbox=stack.sandbox.path,
        run=stack.run,
        python=sys.executable,
        supervisor=ROOT / "deploy/demo/supervisor.py",
        has_filesystem=str(own).lower(),
        directory_size="" if own else f", size: {size}MiB",
        leaky_subvolume=f"subvolume: {stack.sandbox.leaky_subvolume}" if own else "",
        custom_targets="[]" if own else custom,
    )


def _prometheus_config(stack: Stack) -> dict[str, Any]:
    """Take what is generated for the sandbox, with a faster pace and one name for all that is watched."""
    text = our_prometheus.standalone(load(stack.config_file, Config), rules=str(ROOT / "alert-rules/*.rules.yml"))
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"] = {"scrape_interval": "2s", "evaluation_interval": "2s"}
    config["scrape_configs"][-1]["static_configs"] = [{"targets": [f"127.0.0.1:{stack.ports['node']}"]}]
    config["scrape_configs"] += [{"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{stack.ports[name]}"]}]} for name in ("prometheus", "alertmanager", *SERVICES)]
    for job in config["scrape_configs"]:
        job["static_configs"][0]["labels"] = {"instance": "sandbox"}
    return config


def _alertmanager_config(stack: Stack) -> dict[str, Any]:
    """Take what is generated for the sandbox, with a faster pace."""
    config: dict[str, Any] = yaml.safe_load(our_alertmanager.standalone(load(stack.config_file, Config)))
    config["route"]["routes"][0]["group_interval"] = "5s"
    return config


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise DemoError(f"{name} is not installed; on Debian: make packages")
    return found
