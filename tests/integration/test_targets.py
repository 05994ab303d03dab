"""Every target by its default queries on a real Prometheus, over metrics as the exporters of the field expose them."""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING

import pytest
import requests
import yaml

from tests.integration import stack

if TYPE_CHECKING:
    import pathlib

pytestmark = pytest.mark.integration

DAY_SECONDS = 86400
RULES = {
    "groups": [
        {
            "name": "own",
            "interval": "1s",
            "rules": [{"alert": "ContainerDown", "expr": "container_healthy == 0", "labels": {"severity": "critical"}}],
        }
    ]
}
CONFIG = {
    "host": "own",
    "exporter": {
        "cycle": "1s",
        "scrape_interval": "1s",
        "window": "1m",
        "step": "1s",
        "minimum_samples": 12,
        "horizons": ["1m"],
        "hosts": {"127.0.0.1": "box"},
        "targets": {
            "backup": {"filesystems": [{"mountpoint": "/srv/backup"}]},
            "latency": {"services": {"immich": "immich_p95_seconds"}, "over": "4s"},
            "alert": [{"alert": "ContainerDown", "problem": "service_down", "resource": "service", "target_label": "name", "confidence": 0.9}],
        },
    },
    "services": {"prowlarr": {"manager": "systemd", "unit": "prowlarr.service", "memory_limit": "2000B"}},
}
# What each target's usage must be: what is used of what may be used.
USAGE = {
    ("disk_exhaustion", "filesystem", "/"): 0.5,
    ("inode_exhaustion", "inodes", "/"): 0.5,
    ("backup_space_exhaustion", "backup", "/srv/backup"): 0.8,
    ("memory_exhaustion", "memory", "box"): 0.5,
    ("swap_exhaustion", "swap", "box"): 0.25,
    ("memory_leak", "memory", "jellyfin"): 0.5,  # cAdvisor's, of its own limit, and neither podman's nor the process's
    ("memory_leak", "memory", "sonarr"): 0.25,  # cAdvisor's of a unit, of a share of the host
    ("memory_leak", "memory", "radarr"): 0.3,  # podman's, of its own limit
    ("memory_leak", "memory", "prowlarr"): 0.6,  # a process, of the catalogue's limit
    ("fd_exhaustion", "fds", "prowlarr"): 0.5,
    ("certificate_expiry", "certificate", "https://example.org"): 0.7,
    ("service_degradation", "latency", "immich"): 1 / 1.2,
}
NODE = """
node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 550
node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 1000
node_filesystem_files_free{device="/dev/sda1",fstype="ext4",mountpoint="/"} 525
node_filesystem_files{device="/dev/sda1",fstype="ext4",mountpoint="/"} 1000
node_filesystem_avail_bytes{device="/dev/sdb1",fstype="btrfs",mountpoint="/srv/backup"} 280
node_filesystem_size_bytes{device="/dev/sdb1",fstype="btrfs",mountpoint="/srv/backup"} 1000
node_filesystem_files_free{device="/dev/sdb1",fstype="btrfs",mountpoint="/srv/backup"} 0
node_filesystem_files{device="/dev/sdb1",fstype="btrfs",mountpoint="/srv/backup"} 0
node_memory_MemAvailable_bytes 5250
node_memory_MemTotal_bytes 10000
node_memory_SwapFree_bytes 775
node_memory_SwapTotal_bytes 1000
"""
CONTAINERS = """
container_memory_rss{id="/machine.slice/libpod-1.scope",name="systemd-jellyfin"} 500
container_memory_working_set_bytes{id="/machine.slice/libpod-1.scope",name="systemd-jellyfin"} 990
container_spec_memory_limit_bytes{id="/machine.slice/libpod-1.scope",name="systemd-jellyfin"} 1000
container_memory_rss{id="/system.slice/sonarr.service"} 2000
container_spec_memory_limit_bytes{id="/system.slice/sonarr.service"} 0
container_memory_rss{id="/system.slice"} 9000
podman_container_info{id="1",image="a",name="systemd-jellyfin",pod_id="",ports=""} 1
podman_container_mem_usage_bytes{id="1"} 999
podman_container_mem_limit_bytes{id="1"} 1000
podman_container_info{id="2",image="b",name="radarr",pod_id="",ports=""} 1
podman_container_mem_usage_bytes{id="2"} 300
podman_container_mem_limit_bytes{id="2"} 1000
podman_container_info{id="3",image="b",name="stopped",pod_id="",ports=""} 1
podman_container_mem_usage_bytes{id="3"} 0
immich_p95_seconds 0.2
"""
PROCESS = """
process_resident_memory_bytes 1200
process_open_fds 450
process_max_fds 1000
"""


class Machine:
    """A host whose containers are well, until one is not."""

    def __init__(self) -> None:
        self.healthy = 1
        self.expires_at = time.time() + 20 * DAY_SECONDS

    def node(self) -> str:
        return NODE

    def containers(self) -> str:
        return f'{CONTAINERS}container_healthy{{name="jellyfin"}} {self.healthy}\n'

    def process(self) -> str:
        return PROCESS

    def probe(self) -> str:
        return f"probe_ssl_earliest_cert_expiry {self.expires_at:.0f}\n"


def usage(exporter: stack.Running) -> dict[tuple[str, str, str], float]:
    row = re.compile(r'homeostat_usage_ratio\{host="\w+",problem="(.+)",resource="(.+)",target="(.+)"\} (.+)')
    return {(problem, resource, target): float(value) for problem, resource, target, value in row.findall(text(exporter))}


def text(exporter: stack.Running) -> str:
    return requests.get(f"{exporter.url}/metrics", timeout=30).text


def asserted(exporter: stack.Running) -> list[str]:
    return re.findall(r'homeostat_problem_confidence_ratio\{host="box",problem="service_down",resource="service",target="(.+)"\} 0.9', text(exporter))


def jobs(machine: Machine, running: contextlib.ExitStack) -> list[dict[str, object]]:
    pages = {"node": machine.node, "cadvisor": machine.containers, "prowlarr": machine.process, "jellyfin": machine.process}
    found = [stack.scrape(job, running.enter_context(stack.serve_metrics(page))) for job, page in pages.items()]
    probed = stack.scrape("blackbox", running.enter_context(stack.serve_metrics(machine.probe)))
    probed["static_configs"][0]["labels"] = {"instance": "https://example.org"}
    return [*found, probed]


def test_every_target_is_read_and_an_alert_is_a_problem_while_it_fires(tmp_path: pathlib.Path) -> None:
    machine = Machine()
    with contextlib.ExitStack() as running:
        (tmp_path / "own.rules.yml").write_text(yaml.safe_dump(RULES))
        server = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(tmp_path / "own.rules.yml")],
            "scrape_configs": jobs(machine, running),
        }
        prometheus = running.enter_context(stack.start_prometheus(tmp_path / "prometheus", server))
        config_file = tmp_path / "homeostat.yml"
        where = {"prometheus": {"url": prometheus.url, "evaluation_interval": "1s"}}
        state = {"exporter": {**CONFIG["exporter"], "state_directory": str(tmp_path / "state")}}  # type: ignore[dict-item]
        config_file.write_text(yaml.safe_dump({**CONFIG, **where, **state}))
        exporter = running.enter_context(stack.start_daemon("exporter", config_file))

        stack.wait_for("every target", lambda: set(USAGE) <= set(usage(exporter)))
        found = usage(exporter)
        assert {key: found[key] for key in USAGE} == pytest.approx(USAGE, abs=1e-3)
        # jellyfin's own process is a file descriptor target beside them; nothing else is made up of what is there.
        assert set(found) - set(USAGE) == {("fd_exhaustion", "fds", "jellyfin")}
        assert 'errors_total{host="own",stage="read"} 0' in text(exporter)

        assert asserted(exporter) == []
        machine.healthy = 0
        stack.wait_for("the alert's problem", lambda: asserted(exporter) == ["jellyfin"])
        assert 'severity="critical",' in text(exporter) or 'severity="critical"}' in text(exporter)
        assert 'forecast_unavailable{host="box",problem="service_down"' not in text(exporter)
        machine.healthy = 1
        stack.wait_for("the end of the alert's problem", lambda: asserted(exporter) == [])
