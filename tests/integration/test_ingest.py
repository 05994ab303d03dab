"""Reading from a real Prometheus: remote_read beside query_range, a restart in between, and answers that are none."""

from __future__ import annotations

import contextlib
import pathlib
import time
from typing import TYPE_CHECKING

import pytest
import requests
import yaml

from exporter.ingest import Memory, follow
from exporter.past import Reader
from homeostat.config.types import Exporter
from homeostat.config.types import Prometheus as PrometheusConfig
from homeostat.config.units import Duration
from homeostat.prometheus import Prometheus, PrometheusError
from tests.integration import proxy, stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter.rings import Ring

pytestmark = pytest.mark.integration

SETTINGS = Exporter(window=Duration(120), step=Duration(1), scrape_interval=Duration(1), minimum_samples=10)
QUERY = 'pool_bytes{kind!="none"}'


class Pools:
    """A page of pools: one counts, one is zero now and then, one is not a number, one goes away and one comes."""

    def __init__(self) -> None:
        self.began_at = time.monotonic()

    def metrics(self) -> str:
        seconds = time.monotonic() - self.began_at
        values = {"counts": 1e9 + 1e6 * seconds, "zero": float(int(seconds) % 2) * 7, "nan": float("nan")}
        values |= {"goes": 5.0} if seconds < 8 else {"comes": seconds}
        return "# TYPE pool_bytes gauge\n" + "".join(f'pool_bytes{{name="{name}"}} {value}\n' for name, value in values.items())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return tmp_path_factory.mktemp("ingest")


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    with stack.serve_metrics(Pools().metrics) as url:
        yield url


@pytest.fixture(scope="module")
def port() -> int:
    return stack.free_port()


def start(folder: pathlib.Path, page: str, port: int) -> stack.Running:
    config = {"global": {"scrape_interval": "1s", "external_labels": {"cluster": "home", "replica": "a"}}, "scrape_configs": [stack.scrape("pools", page)]}
    return stack.start_prometheus(folder / "prometheus", config, port)


@pytest.fixture(scope="module")
def prometheus(folder: pathlib.Path, page: str, port: int) -> Iterator[stack.Running]:
    with start(folder, page, port) as running:
        stack.wait_for("some history", lambda: stack.promql(running.url, 'count_over_time(pool_bytes{name="comes"}[1m]) > 5'))
        yield running


def door(url: str, timeout: float = 30) -> Prometheus:
    return Prometheus(PrometheusConfig(url=url, timeout=Duration(timeout)))


def held(ring: Ring, now: float) -> dict[str, dict[float, float]]:
    pasts = [past for batch in ring.pasts(now, 100) for past in batch]
    assert not any("cluster" in past.labels for past in pasts)
    return {past.labels["name"]: dict(zip(past.timestamps.tolist(), past.values.tolist(), strict=True)) for past in pasts}


def read(url: str, query: str, now: float) -> tuple[dict[str, dict[float, float]], Prometheus]:
    asked = door(url)
    ring = Memory().ring(query, SETTINGS)
    follow(ring, Reader(asked, query, SETTINGS), now)
    return held(ring, now), asked


def agree(one: dict[str, dict[float, float]], other: dict[str, dict[float, float]]) -> None:
    """See that two ways of reading give the same numbers; a scrape that came late may leave a step out of one of them."""
    assert one.keys() == other.keys()
    for name, values in one.items():
        common = values.keys() & other[name].keys()
        assert len(common) >= 0.8 * max(len(values), len(other[name]))
        assert {time: values[time] for time in common} == {time: other[name][time] for time in common}


def test_remote_read_gives_what_query_range_gives(prometheus: stack.Running) -> None:
    now = float(int(time.time()))
    raw, asked = read(prometheus.url, QUERY, now)
    assert asked.reads_remotely
    steps, _ = read(prometheus.url, f"{QUERY} * 1", now)
    assert set(raw) == {"counts", "zero", "goes", "comes"}
    assert {0.0, 7.0} == set(raw["zero"].values())
    agree(raw, steps)


def test_a_server_without_remote_read_is_read_step_by_step(prometheus: stack.Running) -> None:
    now = float(int(time.time()))
    raw, _ = read(prometheus.url, QUERY, now)
    with proxy.before(prometheus.url) as between:
        between.fault = proxy.without_remote_read
        steps, asked = read(between.url, QUERY, now)
    assert not asked.reads_remotely
    agree(raw, steps)


def test_a_restart_of_prometheus_leaves_a_ring_that_is_as_good_as_read_anew(
    prometheus: stack.Running, folder: pathlib.Path, page: str, port: int
) -> None:
    asked = Reader(door(prometheus.url), QUERY, SETTINGS)
    ring = Memory().ring(QUERY, SETTINGS)
    follow(ring, asked, float(int(time.time())))
    prometheus.stop()
    time.sleep(2)
    with pytest.raises(PrometheusError):
        follow(ring, asked, float(int(time.time())))
    with start(folder, page, port) as successor:
        stack.wait_for("some scrapes", lambda: stack.promql(successor.url, 'count_over_time(pool_bytes{name="comes"}[3s]) >= 3'))
        for _ in range(3):
            now = float(int(time.time()))
            follow(ring, asked, now)
            time.sleep(1)
        again, _ = read(successor.url, QUERY, now)
    agree(held(ring, now), again)


class Disk:
    """A disk whose free bytes fall."""

    def __init__(self) -> None:
        self.began_at = time.monotonic()

    def metrics(self) -> str:
        free = 3e11 - 1e8 * (time.monotonic() - self.began_at)
        return f'watched_bytes{{mountpoint="/srv"}} {free:.0f}\nwhole_bytes{{mountpoint="/srv"}} 1000000000000\n'


@contextlib.contextmanager
def exporter_behind(between: str, folder: pathlib.Path) -> Iterator[stack.Running]:
    config = {
        "host": "own",
        "prometheus": {"url": between, "timeout": "2s"},
        "exporter": {
            "cycle": "1s", "scrape_interval": "1s", "window": "30s", "step": "1s", "minimum_samples": 10, "horizons": ["10m"], "state_directory": None,
            "targets": {"filesystem": {"query": "watched_bytes", "size_query": "whole_bytes"}},
        },
    }  # fmt: skip
    file = folder / "homeostat.yml"
    file.write_text(yaml.safe_dump(config))
    with stack.start_daemon("exporter", file) as running:
        yield running


def metric(exporter: stack.Running, name: str) -> float | None:
    lines = requests.get(f"{exporter.url}/metrics", timeout=30).text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(f"homeostat_{name}")), None)


def peak_mib(exporter: stack.Running) -> float:
    status = pathlib.Path(f"/proc/{exporter.process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


READ_ERRORS = 'exporter_errors_total{host="own",stage="read"}'
AGE = 'series_age_seconds{host="127.0.0.1",problem="disk_exhaustion"'
USAGE = 'usage_ratio{host="127.0.0.1",problem="disk_exhaustion"'
FAULTS = [proxy.busy, proxy.slow, proxy.trickling, proxy.broken_off, proxy.too_many_series, proxy.a_million_series]


def test_answers_that_are_none_are_counted_and_the_last_good_one_is_served_with_its_age(tmp_path: pathlib.Path) -> None:
    with contextlib.ExitStack() as running:
        disk = running.enter_context(stack.serve_metrics(Disk().metrics))
        config = {"global": {"scrape_interval": "1s"}, "scrape_configs": [stack.scrape("disk", disk)]}
        real = running.enter_context(stack.start_prometheus(tmp_path / "prometheus", config))
        between = running.enter_context(proxy.before(real.url))
        exporter = running.enter_context(exporter_behind(between.url, tmp_path))
        stack.wait_for("a reading", lambda: metric(exporter, USAGE) is not None)
        small = peak_mib(exporter)
        for fault in FAULTS:
            is_survived(exporter, between, proxy.about(b"watched_bytes", fault))
        # The million's answer was cut off at its bound.
        assert peak_mib(exporter) < small + 350


def is_survived(exporter: stack.Running, between: proxy.Proxy, fault: Callable[[proxy.Handler, str, bytes], bool]) -> None:
    before = metric(exporter, READ_ERRORS) or 0
    between.fault = fault
    stack.wait_for("the error", lambda: (metric(exporter, READ_ERRORS) or 0) > before)
    assert metric(exporter, USAGE) is not None
    assert metric(exporter, "prometheus_up") == 1
    aged = metric(exporter, AGE)
    time.sleep(0.5)
    assert metric(exporter, AGE) > aged
    between.fault, mended_at = proxy.obedient, time.monotonic()
    stack.wait_for("a reading from after it", lambda: time.monotonic() - metric(exporter, AGE) > mended_at)
    errors = [line for line in exporter.text().splitlines() if "not read" in line]
    assert errors
    assert "Traceback" not in exporter.text()
