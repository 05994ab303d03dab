"""The exporter on a real Prometheus: a disk fills and a service leaks, it restarts, and Prometheus goes away."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING

import pytest
import requests
import yaml

from tests.integration import stack
from tests.integration.typed_queries import forecasts_a_query_of_ones_own

if TYPE_CHECKING:
    import pathlib

SIZE_BYTES = 100_000_000_000
CONFIG = {
    "host": "own",
    "exporter": {
        "cycle": "1s",
        "scrape_interval": "1s",
        "window": "40s",
        "step": "1s",
        "minimum_samples": 12,
        "horizons": ["1m", "5m", "10m"],
        "hosts": {"127.0.0.1": "box"},
        # So many cycles that only a restored assertion can stand in the first result after a restart.
        "assertion": {"cycles": 6},
        "targets": {
            "filesystem": {"action_horizon": "10m"},
            "service_memory": {
                "action_horizon": "10m",
                "query": 'process_resident_memory_bytes{job="leaky"}',
                "limit_bytes": "500MB",
            },
        },
    },
}
CONFIDENCE = 'homeostat_problem_confidence_ratio{problem="%s"}'


class Machine:
    """A file system that loses 0.3 % of its size a second, unevenly, and a service that grows by 2 MB a second."""

    def __init__(self) -> None:
        self.began_at = time.monotonic()

    def metrics(self) -> str:
        seconds = time.monotonic() - self.began_at
        written = SIZE_BYTES * 0.003 * (seconds - seconds % 3)
        labels = '{device="/dev/loop7",fstype="btrfs",mountpoint="/srv/sandbox"}'
        return (
            "# TYPE node_filesystem_avail_bytes gauge\n"
            f"node_filesystem_avail_bytes{labels} {0.35 * SIZE_BYTES - written:.0f}\n"
            "# TYPE node_filesystem_size_bytes gauge\n"
            f"node_filesystem_size_bytes{labels} {SIZE_BYTES}\n"
            "# TYPE process_resident_memory_bytes gauge\n"
            f"process_resident_memory_bytes {3.6e8 + 2e6 * seconds:.0f}\n"
        )


def metrics(exporter: stack.Running) -> str:
    return requests.get(f"{exporter.url}/metrics", timeout=30).text


def served(exporter: stack.Running, line: str) -> bool:
    return any(row.startswith(line) for row in metrics(exporter).splitlines())


@pytest.mark.integration
def test_a_filling_disk_and_a_leak_become_problems_that_survive_a_restart_but_not_the_loss_of_prometheus(
    tmp_path: pathlib.Path,
) -> None:
    config_file = tmp_path / "homeostat.yml"
    exporter_port, prometheus_port = stack.free_port(), stack.free_port()
    prometheus_url = f"http://127.0.0.1:{prometheus_port}"
    settings = {**CONFIG["exporter"], "state_directory": str(tmp_path / "state")}
    config_file.write_text(yaml.safe_dump(CONFIG | {"prometheus": {"url": prometheus_url, "timeout": "2s"}, "exporter": settings}))

    with contextlib.ExitStack() as running:
        machine = running.enter_context(stack.serve_metrics(Machine().metrics))
        exporter = running.enter_context(stack.start_daemon("exporter", config_file, exporter_port))
        answer = requests.get(f"{exporter.url}/-/ready", timeout=30)
        assert (answer.status_code, prometheus_url in answer.text) == (503, True)

        jobs = [("node", machine), ("leaky", machine), ("homeostat-exporter", exporter.url)]
        scrape_configs = [stack.scrape(job, url) for job, url in jobs]
        prometheus_config = {"global": {"scrape_interval": "1s"}, "scrape_configs": scrape_configs}
        prometheus = running.enter_context(
            stack.start_prometheus(tmp_path / "prometheus", prometheus_config, prometheus_port)
        )
        sees_problem(prometheus, "disk_exhaustion", {"target": "/srv/sandbox", "resource": "filesystem"})
        sees_problem(prometheus, "memory_leak", {"target": "leaky", "resource": "memory"})
        tells_of_its_success(prometheus, exporter)
        answers_about_one_target(exporter)
        forecasts_a_query_of_ones_own(exporter, prometheus, tmp_path / "cli.yml")
        survives_a_bad_reload(exporter, config_file)

        assert exporter.stop() == 0, exporter.text()
        successor = running.enter_context(stack.start_daemon("exporter", config_file, exporter_port))
        serves_the_problems_with_its_first_success(successor)

        prometheus.stop()
        loses_its_assertions_without_prometheus(successor)
        assert successor.stop(signal.SIGINT) == 0, successor.text()


def sees_problem(prometheus: stack.Running, problem: str, labels: dict[str, str]) -> None:
    query = CONFIDENCE % problem
    [row] = stack.wait_for(f"{problem} in Prometheus", lambda: stack.promql(prometheus.url, query))
    expected = {**labels, "host": "box"}
    assert {name: row["metric"][name] for name in expected} == expected
    assert float(row["value"][1]) >= 0.5


def tells_of_its_success(prometheus: stack.Running, exporter: stack.Running) -> None:
    successes = stack.promql(prometheus.url, "homeostat_exporter_last_success_timestamp_seconds")
    assert {row["metric"]["host"] for row in successes} == {"box", "own"}
    assert requests.get(f"{exporter.url}/-/ready", timeout=30).status_code == 200


def answers_about_one_target(exporter: stack.Running) -> None:
    ask = {"host": "box", "target": "/srv/sandbox"}
    [forecast] = requests.get(f"{exporter.url}/api/v1/forecast", params=ask, timeout=30).json()["forecasts"]
    assert forecast["asserted"]
    assert forecast["probabilities"]["10m"] >= forecast["probabilities"]["1m"]
    assert forecast["curve"]["lower"][-1] < forecast["value"]
    assert "towards the limit" in forecast["explanation"] or "is reached" in forecast["explanation"]
    listed = requests.get(f"{exporter.url}/api/v1/forecast", params={"host": "box"}, timeout=30).json()["forecasts"]
    assert {entry["target"] for entry in listed} == {"/srv/sandbox", "leaky"}
    assert requests.get(f"{exporter.url}/api/v1/forecast", params=ask | {"target": "/"}, timeout=30).status_code == 404


def survives_a_bad_reload(exporter: stack.Running, config_file: pathlib.Path) -> None:
    good = config_file.read_text()
    config_file.write_text(good + "\nexporters: {}\n")
    answer = requests.post(f"{exporter.url}/-/reload", timeout=30)
    assert answer.status_code == 500
    assert "did you mean 'exporter'?" in answer.text
    failed = 'homeostat_config_last_reload_successful{daemon="exporter",host="own"} 0.0'
    assert served(exporter, failed)
    assert served(exporter, "homeostat_problem_confidence_ratio")
    config_file.write_text(good)
    exporter.process.send_signal(signal.SIGHUP)
    stack.wait_for("a successful reload", lambda: not served(exporter, failed))


def serves_the_problems_with_its_first_success(exporter: stack.Running) -> None:
    text = stack.wait_for(
        "the first success",
        lambda: "homeostat_exporter_last_success" in (text := metrics(exporter)) and text,
    )
    assert 'homeostat_problem_confidence_ratio{host="box",problem="disk_exhaustion"' in text
    assert 'homeostat_problem_confidence_ratio{host="box",problem="memory_leak"' in text


def loses_its_assertions_without_prometheus(exporter: stack.Running) -> None:
    stack.wait_for("up 0", lambda: served(exporter, 'homeostat_prometheus_up{host="own"} 0.0'))
    stack.wait_for("no assertion", lambda: not served(exporter, "homeostat_problem_confidence_ratio"))
    text = metrics(exporter)
    assert "homeostat_time_to_limit_seconds{" in text
    assert 'homeostat_exporter_errors_total{host="own",stage="recall"}' in text
    assert "homeostat_exporter_last_success_timestamp_seconds" in text
    stack.wait_for("no forecast", lambda: not served(exporter, "homeostat_time_to_limit_seconds"))
