"""A host that people ask about: real Prometheus, node_exporter, exporter and actor, two services, and a journal with weeks of incidents."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import yaml

from actor.journal import Journal
from bench import long_journal
from tests.actor.process import INTAKE, OPERATOR
from tests.integration import stack
from tests.support import HOST, secret

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator

SERVICES = ("web0", "web1")
INCIDENTS = 4000
_CONTROL = """#!/bin/sh
[ "$1" = show ] && printf 'LoadState=loaded\\nActiveState={state}\\nInvocationID=1\\nMainPID=0\\nMemoryCurrent={memory}\\nNRestarts=2\\n'
"""
# What one of the owner's own rules says all the time: this service is slow.
_SLOW = {"alert": "Slow", "expr": "vector(1)", "labels": {"service": "web0", "severity": "warning"}}


@dataclasses.dataclass
class Homelab:
    """The folder that holds homeostat.yml, and where the parts answer."""

    folder: pathlib.Path
    prometheus: stack.Running
    parts: dict[str, stack.Running]

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `homeostat` as a person does."""
        argv = [sys.executable, "-m", "homeostat.cli", "--config.file", str(self.folder / "homeostat.yml"), *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "PYTHONPATH": str(stack.ROOT)})


@contextlib.contextmanager
def built(folder: pathlib.Path, **questions: Any) -> Iterator[Homelab]:
    """Start all of it below `folder` with the owner's own questions, and wait until there is something to ask about."""
    ports = {name: stack.free_port() for name in ("prometheus", "exporter", "actor")}
    for name, token in (("intake", INTAKE), ("operator", OPERATOR)):
        secret(folder / name, token)
    (folder / "homeostat.yml").write_text(yaml.safe_dump(_settings(folder, ports) | {"questions": questions}))
    with contextlib.closing(Journal(folder / "state", 0)) as journal:
        long_journal.fill(journal, INCIDENTS, len(SERVICES))
    with contextlib.ExitStack() as opened:
        node = opened.enter_context(stack.start_node_exporter(folder / "node"))
        prometheus = opened.enter_context(_prometheus(folder, ports, node.url))
        parts = {name: opened.enter_context(stack.start_daemon(name, folder / "homeostat.yml", ports[name])) for name in ("exporter", "actor")}
        for known in ("homeostat_usage_ratio", "homeostat_service_memory_bytes", "target_action:homeostat_decision:ratio", "rate(node_network_receive_bytes_total[5m])"):
            stack.wait_for(known, lambda known=known: stack.promql(prometheus.url, known), 60)
        yield Homelab(folder, prometheus, parts)


def _settings(folder: pathlib.Path, ports: dict[str, int]) -> dict[str, Any]:
    services = {}
    for name, state, memory in zip(SERVICES, ("active", "failed"), (900_000_000, 1000), strict=True):
        control = folder / f"{name}-control"
        control.write_text(_CONTROL.format(state=state, memory=memory))
        control.chmod(0o755)
        services[name] = {"manager": "command", "commands": {"show": [str(control), "show"], "restart": [str(control), "restart"]}}
    seen = {name: {"enabled": False} for name in ("drift", "logs", "deployments", "backups", "backup_integrity", "pressure")}
    url = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    slow = {"alert": "Slow", "problem": "service_degradation", "resource": "latency", "target_label": "service", "confidence": 0.9}
    return {
        "host": HOST,
        "prometheus": {"url": url["prometheus"], "timeout": "5s", "evaluation_interval": "1s"},
        "alertmanager": {"url": "http://127.0.0.1:9", "timeout": "1s"},
        "links": {"console": url["actor"]},
        "exporter": {
            "url": url["exporter"], "cycle": "1s", "scrape_interval": "1s", "window": "1m", "step": "1s", "minimum_samples": 2, "hosts": {"127.0.0.1": HOST},
            "state_directory": None, "observers": seen, "targets": {"alert": [slow]}, "assertion": {"cycles": 1},
        },
        "autonomy": {"mode": "shadow"},
        "services": services,
        "security": {"intake_token_files": [str(folder / "intake")], "operator_token_files": [str(folder / "operator")]},
        "actor": {"state_directory": str(folder / "state"), "ballast": "65536B"},
    }  # fmt: skip


def _prometheus(folder: pathlib.Path, ports: dict[str, int], node_url: str) -> stack.Running:
    own = folder / "own.rules.yml"
    own.write_text(yaml.safe_dump({"groups": [{"name": "own", "rules": [_SLOW]}]}))
    url = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(stack.ROOT / "alert-rules/*.rules.yml"), str(own)],
        "scrape_configs": [
            stack.scrape("node", node_url), stack.scrape("prometheus", url["prometheus"]), stack.scrape("nowhere", "http://127.0.0.1:9"),
            *({**stack.scrape(f"homeostat-{part}", url[part]), "honor_labels": True} for part in ("exporter", "actor")),
        ],
    }  # fmt: skip
    return stack.start_prometheus(folder / "prometheus", config, ports["prometheus"])
