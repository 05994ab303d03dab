"""A real actor process at work on a small host, with a real HTTP server that answers for Prometheus and Alertmanager."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import time
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from homeostat.cli.__main__ import main
from homeostat.clock import SystemClock
from homeostat.prometheus import PrometheusError
from tests.actor.process import INTAKE, Running, serving
from tests.actor.web import alert, payload
from tests.httpd import Asked, Reply, Site
from tests.httpd import serving as answering
from tests.support import WEB, FakePrometheus, Host, labels_of, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    from actor.model import EpisodeKey

# A restart that leaves a child of a child behind and would take a minute.
SLOW = """#!/bin/sh
cd {folder} || exit 1
case "$1" in
show) printf 'ActiveState=active\\nInvocationID=1\\nMainPID=0\\nMemoryCurrent=900000\\n' ;;
restart) sleep 61 & setsid sleep 62 & echo begun >begun; wait; echo ended >ended ;;
esac
"""


@dataclasses.dataclass
class Live:
    """What the actor lives in; `start` runs one process of it, and another after that one has died."""

    folder: pathlib.Path
    site: Site
    host: Host
    prometheus: FakePrometheus
    silences: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    @property
    def state(self) -> pathlib.Path:
        return self.folder / "state"

    @contextlib.contextmanager
    def start(self, **changes: Any) -> Iterator[Running]:
        """Run an actor; what `homeostat` is told goes to it."""
        doors = {"url": self.site.url, "timeout": "2s"}
        settings = merged(self.host.settings(), {"prometheus": doors, "alertmanager": doors, "actor": {"reconcile": "1s"}})
        with serving(self.folder, **merged(settings, changes)) as running:
            text = (self.folder / "homeostat.yml").read_text()
            (self.folder / "cli.yml").write_text(f"{text}links: {{console: '{running.base}'}}\n")
            yield running

    def run(self, *arguments: str) -> Result:
        """Run `homeostat` as a person does."""
        return CliRunner().invoke(main, ["--config.file", str(self.folder / "cli.yml"), *arguments])

    def decide(self, running: Running, action: str = "service-restart", decision: str = "auto-execute", key: EpisodeKey = WEB) -> None:
        """Let Prometheus decide, and Alertmanager deliver."""
        self.prometheus.decide(key, action, decision, 0.95)
        body = payload(alert(labels=labels_of(key, action, decision)))
        assert running.post("/webhook", INTAKE, body).status_code == 202

    def incident(self, running: Running) -> dict[str, Any]:
        """Return the newest incident's story, or an empty one."""
        known = running.get("/api/v1/decisions").json()
        story: dict[str, Any] = running.get(f"/api/v1/incidents/{known[0]['id']}").json() if known else {}
        return story

    def until(self, running: Running, holds: Callable[[dict[str, Any]], bool], seconds: float = 90) -> dict[str, Any]:
        """Wait until the newest incident is as wanted, and return its story."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            story = self.incident(running)
            if story and holds(story):
                return story
            time.sleep(0.05)
        raise AssertionError(f"it never came so: {self.incident(running)}: {''.join(running.lines)}")

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/api/v1/query":
            return self._query(asked.form["query"])
        return Reply(self.silences if asked.path == "/api/v2/silences" else [])

    def _query(self, promql: str) -> Reply:
        try:
            samples = self.prometheus.query(promql)
        except PrometheusError as error:
            return Reply({"status": "error", "errorType": "internal", "error": str(error)}, 500)
        result = [{"metric": dict(sample.labels), "value": [sample.timestamp, str(sample.value)]} for sample in samples]
        return Reply({"status": "success", "data": {"resultType": "vector", "result": result}})


@contextlib.contextmanager
def living(folder: pathlib.Path) -> Iterator[Live]:
    """Lay a host below `folder`, whose service restarts for a minute."""
    with answering(lambda asked: Reply({}, 500)) as site:
        host = Host(folder)
        host.control.write_text(SLOW.format(folder=host.service))
        live = Live(folder, site, host, FakePrometheus(SystemClock()))
        site.answer = live.answer
        yield live


def running_here(folder: pathlib.Path) -> list[str]:
    """Return the command lines of the processes whose working directory lies below `folder`."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if pathlib.Path.readlink(process / "cwd").is_relative_to(folder):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


