"""A house with a few services, watched and healed by the whole real chain, at a pace of seconds: Prometheus, Alertmanager, exporter, actor."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import requests
import yaml

from homeostat.config.observers import Observers
from tests.actor.process import INTAKE, OPERATOR
from tests.httpd import Asked, Reply, Site, serving
from tests.integration import stack
from tests.support import merged, secret

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

HOST = "house"
# How sure an alert of the owner's is decides the tier: nothing else differs between these three.
TROUBLES = {"auto-execute": 0.95, "notify-execute": 0.72, "propose": 0.55}
# In which a person, or a test on a busy machine, has time to say no.
GRACE_SECONDS = 6
_CONTROL = """#!/bin/sh
cd {folder} || exit 1
case "$1" in
show)
    if [ -e down ]; then active=inactive; else active=active; fi
    printf 'ActiveState=%s\\nInvocationID=%s\\nMainPID=0\\nMemoryCurrent=1000\\n' "$active" "$(cat runs 2>/dev/null || echo 0)" ;;
restart)
    [ ! -e refuses ] || {{ echo 'it refuses'; exit 3; }}
    echo $(( $(cat runs 2>/dev/null || echo 0) + 1 )) >runs.new && mv runs.new runs
    rm -f down trouble-* ;;
esac
"""


@dataclasses.dataclass
class House:
    """The processes, the services' folders, and what people were told."""

    folder: pathlib.Path
    services: tuple[str, ...]
    changes: dict[str, Any]
    people: Site
    metrics: str
    ports: dict[str, int]
    processes: dict[str, stack.Running] = dataclasses.field(default_factory=dict)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def config_file(self) -> pathlib.Path:
        return self.folder / "homeostat.yml"

    def place(self, service: str) -> pathlib.Path:
        return self.folder / "services" / service

    def trouble(self, service: str, decision: str = "auto-execute") -> None:
        """Let a service fall ill in the way that is decided so."""
        (self.place(service) / f"trouble-{decision}").touch()
        (self.place(service) / "down").touch()

    def well(self, service: str) -> None:
        """Let a service be well again by itself."""
        for path in [*self.place(service).glob("trouble-*"), self.place(service) / "down"]:
            path.unlink(missing_ok=True)

    def runs(self, service: str) -> int:
        """Return how often a service was restarted."""
        path = self.place(service) / "runs"
        return int(path.read_text()) if path.exists() else 0

    def text(self) -> str:
        """Return the services' metrics."""
        lines = [
            f'service_trouble{{service="{name}",decision="{decision}"}} {int((self.place(name) / f"trouble-{decision}").exists())}'
            for name in self.services
            for decision in TROUBLES
        ]
        return "\n".join([*lines, "room_used_bytes 10"]) + "\n"

    def configure(self, **changes: Any) -> None:
        """Write homeostat.yml with more changes; daemons that run read it at their next reload."""
        self.changes = merged(self.changes, changes)
        self.config_file.write_text(yaml.safe_dump(merged(self._settings(), self.changes)))

    def _settings(self) -> dict[str, Any]:
        doors = {name: {"url": self.url(name), "timeout": "2s"} for name in ("prometheus", "alertmanager")}
        doors["prometheus"]["evaluation_interval"] = "1s"
        alerts = [
            {"alert": f"Trouble-{decision}", "problem": "service_down", "resource": "service", "target_label": "service", "confidence": sure}
            for decision, sure in TROUBLES.items()
        ]
        blind = {field.name: {"enabled": False} for field in msgspec.structs.fields(Observers)}
        room = {"name": "room", "query": "room_used_bytes", "limit": 100, "problem": "disk_exhaustion", "resource": "filesystem", "unit": "bytes", "target": "room", "action_horizon": "1m"}
        off = {name: {"enabled": False} for name in ("filesystem", "inodes", "memory", "swap", "service_memory", "fds", "certificates")}
        quick = {"settle": "1s", "watch": "20s", "imported_record": {"source": "the test", "successes": 20, "trials": 20}}
        return {
            "host": HOST,
            **doors,
            "links": {"console": self.url("actor"), "runbooks": f"{self.url('actor')}/runbooks"},
            "exporter": {
                "url": self.url("exporter"), "cycle": "1s", "scrape_interval": "1s", "window": "1m", "step": "1s", "hosts": {"127.0.0.1": HOST},
                "state_directory": str(self.folder / "exporter"), "observers": blind, "targets": {**off, "custom": [room], "alert": alerts}, "assertion": {"cycles": 1},
            },
            "autonomy": {"mode": "active", "grace": f"{GRACE_SECONDS}s", "actions": {"service-restart": quick}, "max_actions_per_day": 100},
            "limits": {
                "blast_radius": {"few": 100, "of_few": 100}, "restarts": [{"count": 100, "within": "1h"}], "episode_quiet": "20s",
            },
            "services": {
                name: {"manager": "command", "commands": {"show": [str(self.place(name) / "control"), "show"], "restart": [str(self.place(name) / "control"), "restart"]}}
                for name in self.services
            },
            "security": {"intake_token_files": [str(self.folder / "intake")], "operator_token_files": [str(self.folder / "operator")]},
            "actor": {"state_directory": str(self.folder / "state"), "reconcile": "1s"},
        }  # fmt: skip

    def start(self, *names: str) -> None:
        """Start these parts, or all."""
        starters = {"alertmanager": self._alertmanager, "prometheus": self._prometheus, "exporter": self._daemon, "actor": self._daemon}
        for name in names or starters:
            self.processes[name] = starters[name](name)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End a part by a signal and wait until it is gone."""
        running = self.processes.pop(name)
        running.process.send_signal(number)
        running.process.wait(stack.PATIENCE_SECONDS)

    def stop(self) -> None:
        for running in self.processes.values():
            running.stop()

    def _daemon(self, name: str) -> stack.Running:
        return stack.start_daemon(name, self.config_file, self.ports[name])

    def _prometheus(self, name: str) -> stack.Running:
        rules = [
            {"alert": f"Trouble-{decision}", "expr": f'service_trouble{{decision="{decision}"}} == 1', "labels": {"severity": "warning"}} for decision in TROUBLES
        ]
        own = self.folder / "own.rules.yml"
        own.write_text(yaml.safe_dump({"groups": [{"name": "own", "rules": rules}]}))
        jobs = [stack.scrape("services", self.metrics)]
        jobs += [{**stack.scrape(f"homeostat-{part}", self.url(part)), "honor_labels": True} for part in ("exporter", "actor")]
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(stack.ROOT / "alert-rules/*.rules.yml"), str(own)],
            "scrape_configs": jobs,
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [self.url("alertmanager").removeprefix("http://")]}]}]},
        }
        # What it no longer hears from Prometheus, Alertmanager takes for over after four of these.
        return stack.start_prometheus(self.folder / name, config, self.ports[name], "--rules.alert.resend-delay=2s")

    def _alertmanager(self, name: str) -> stack.Running:
        config: dict[str, Any] = yaml.safe_load((stack.ROOT / "deploy/alertmanager.yml").read_text().replace("nas", HOST))
        config["route"] |= {"group_wait": "0s", "group_interval": "1s"}
        config["route"]["routes"][0] |= {"group_interval": "1s"}
        for receiver in config["receivers"]:
            for webhook in receiver.get("webhook_configs", ()):
                webhook["url"] = f"{self.url('actor')}/webhook"
                webhook["http_config"]["authorization"]["credentials_file"] = str(self.folder / "intake")
            if receiver["name"].startswith("people"):
                receiver["webhook_configs"] = [{"url": self.people.url}]
        return stack.start_alertmanager(self.folder / name, config, self.ports[name])

    # --- What a test asks ---------------------------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        return requests.get(f"{self.url('actor')}/api/v1/{path}", headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=30).json()

    def story(self, service: str) -> dict[str, Any]:
        """Return the newest incident's whole story about a service, or an empty one."""
        known = self.get(f"decisions?target={service}")
        story: dict[str, Any] = self.get(f"incidents/{known[0]['id']}") if known else {}
        return story

    def until(self, service: str, became: str, seconds: float = 2 * stack.PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait until the newest incident about a service has this state or outcome, and return its story."""

        def now() -> dict[str, Any] | None:
            story = self.story(service)
            return story if story and became in {story["state"], story["outcome"]} else None

        try:
            story: dict[str, Any] = stack.wait_for(f"{service} {became}", now, seconds)
        except AssertionError:
            story = self.story(service)
            raise AssertionError(f"{service} never became {became}: {in_short(story)}") from None
        return story

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(self.config_file), *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=stack.ROOT, timeout=120)

    def second_actor(self) -> subprocess.CompletedProcess[str]:
        """Start another actor on the same configuration, and return how it ended."""
        argv = [sys.executable, "-m", "actor", f"--config.file={self.config_file}", f"--web.listen-address=127.0.0.1:{stack.free_port()}"]
        return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=stack.ROOT, timeout=stack.PATIENCE_SECONDS)

    def said(self, *arguments: str) -> str:
        """Run `homeostat` and return what it says, which is no error."""
        done = self.cli(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def alerts(self, alertname: str, **labels: str) -> list[dict[str, Any]]:
        """Return Alertmanager's alerts of that name, muted ones too."""
        found = requests.get(f"{self.url('alertmanager')}/api/v2/alerts", params={"filter": f"alertname={alertname}"}, timeout=30).json()
        return [alert for alert in found if labels.items() <= alert["labels"].items()]

    def told_people(self, alertname: str, target: str) -> list[dict[str, Any]]:
        """Return what people were sent of that name about a target."""
        sent = [alert for asked in list(self.people.asked) for alert in asked.json["alerts"]]
        return [alert for alert in sent if (alert["labels"]["alertname"], alert["labels"].get("target")) == (alertname, target)]

    def reload(self) -> None:
        """Have both daemons read the configuration as it is now."""
        for name in ("exporter", "actor"):
            answer = requests.post(f"{self.url(name)}/-/reload", headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=30)
            assert answer.status_code == 200, answer.text


@contextlib.contextmanager
def built(folder: pathlib.Path, *services: str, **changes: Any) -> Iterator[House]:
    """Build a house below `folder` and start all of it."""
    for name, token in (("intake", INTAKE), ("operator", OPERATOR)):
        secret(folder / name, token)
    with contextlib.ExitStack() as opened:
        people = opened.enter_context(serving(lambda asked: Reply()))
        ports = {name: stack.free_port() for name in ("prometheus", "alertmanager", "exporter", "actor")}
        texts: list[House] = []
        metrics = opened.enter_context(serving(lambda asked: _metrics(texts, asked)))
        house = House(folder, services, {}, people, metrics.url, ports)
        texts.append(house)
        for name in services:
            house.place(name).mkdir(parents=True)
            control = house.place(name) / "control"
            control.write_text(_CONTROL.format(folder=house.place(name)))
            control.chmod(0o755)
        house.configure(**changes)
        try:
            house.start()
            stack.wait_for("a decision to be possible", lambda: stack.promql(house.url("prometheus"), "risk:homeostat_policy:info"))
            yield house
        finally:
            house.stop()


def in_short(story: dict[str, Any]) -> str:
    """Return what a test that failed wants to read of a story."""
    brief = {name: story.get(name) for name in ("id", "state", "outcome", "reason", "decision", "confidence", "wake_at", "episode_ended_at")}
    noes = [f"{verdict['gate']}: {verdict['answer']}: {verdict['reason']}" for verdict in story.get("verdicts", ()) if verdict["answer"] != "allow"]
    phases = [f"{phase['phase']}: {phase['failure'] or phase['result']}" for phase in story.get("phases", ())]
    return json.dumps([brief, noes[-8:], phases[-12:]], indent=1)


def _metrics(houses: list[House], _: Asked) -> Reply:
    return Reply("".join(house.text() for house in houses).encode(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
