"""A fleet for benchmarks: disks that fill, as a week of history written into a real Prometheus and as a page it scrapes."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import cramjam
import numpy as np
import requests
import yaml

from tests.integration import stack

if TYPE_CHECKING:
    import pathlib

    import numpy.typing as npt

STEP_SECONDS = 300
DAYS = 7
SIZE_BYTES = 1e12
FREE, SIZE = "bench_avail_bytes", "bench_size_bytes"
_SERIES_A_WRITE = 2000
_SAMPLES_A_WRITE = 12


class Fleet:
    """`series` disks whose free bytes wander, breathe daily and mostly fall; the same ones for the same number."""

    def __init__(self, series: int, end: float) -> None:
        chance = np.random.default_rng(series)
        self.times = end - STEP_SECONDS * np.arange(DAYS * 86400 // STEP_SECONDS - 1, -1, -1)
        days = (self.times - self.times[0]) / 86400
        trend = chance.uniform(-3e10, 5e9, (series, 1)) * days
        daily = chance.uniform(0, 5e9, (series, 1)) * np.sin(2 * np.pi * days)
        walk = np.cumsum(chance.normal(0, 2e7, (series, len(days))), axis=1)
        self.values = np.clip(chance.uniform(2e11, 6e11, (series, 1)) + trend + daily + walk, 1e9, SIZE_BYTES).round()

    def page(self) -> str:
        """Return what a scrape finds now."""
        free = [f"{FREE}{{{_text(number)}}} {value:.0f}\n" for number, value in enumerate(self.values[:, -1])]
        size = [f"{SIZE}{{{_text(number)}}} {SIZE_BYTES:.0f}\n" for number in range(len(self.values))]
        return f"# TYPE {FREE} gauge\n{''.join(free)}# TYPE {SIZE} gauge\n{''.join(size)}"

    def write(self, url: str) -> None:
        """Write the history through Prometheus' remote-write receiver, in order of time."""
        heads = [_head(number) for number in range(len(self.values))]
        for first in range(0, len(self.times), _SAMPLES_A_WRITE):
            part = slice(first, first + _SAMPLES_A_WRITE)
            samples = _samples(self.times[part], self.values[:, part])
            for begin in range(0, len(heads), _SERIES_A_WRITE):
                end = min(begin + _SERIES_A_WRITE, len(heads))
                body = b"".join(_field(1, heads[number] + samples[number].tobytes()) for number in range(begin, end))
                packed = bytes(cramjam.snappy.compress_raw(body))
                requests.post(f"{url}/api/v1/write", data=packed, headers=_HEADERS, timeout=60).raise_for_status()


_HEADERS = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def labels(number: int) -> dict[str, str]:
    """Return what names one disk."""
    return {"device": "/dev/sda1", "fstype": "ext4", "instance": f"host{number // 4:05}:9100", "job": "node", "mountpoint": f"/srv/{number % 4}"}


def start_prometheus(folder: pathlib.Path, scraped: str) -> stack.Running:
    """Start Prometheus on what `folder` holds, scraping `scraped` if given."""
    jobs = [{**stack.scrape("node", scraped), "honor_labels": True}] if scraped else []
    config: dict[str, Any] = {"global": {"scrape_interval": "15s"}, "scrape_configs": jobs}
    folder.mkdir(exist_ok=True)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = stack.free_port()
    argv = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    argv += [f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver"]
    return stack.start(argv, f"http://127.0.0.1:{port}", folder / "prometheus.log", healthy="/-/ready")


def fill(folder: pathlib.Path, fleet: Fleet) -> None:
    """Let a Prometheus write the fleet's history into `folder`, until it is compacted as history is."""
    with start_prometheus(folder, "") as prometheus:
        fleet.write(prometheus.url)
        newest = fleet.times[-1]
        stack.wait_for("compacted history", lambda: newest - _head_begins(prometheus.url) < 4 * 3600, 600)
        prometheus.stop(signal.SIGTERM)


def _head_begins(url: str) -> float:
    lines = requests.get(f"{url}/metrics", timeout=30).text.splitlines()
    return next(float(line.split()[1]) / 1000 for line in lines if line.startswith("prometheus_tsdb_head_min_time "))


def _text(number: int) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels(number).items())


def _head(number: int) -> bytes:
    named = sorted({"__name__": FREE, **labels(number)}.items())
    return b"".join(_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in named)


def _samples(times: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.void]:
    """Write each series' samples as protobuf does: 18 bytes each, the time a varint of six."""
    milliseconds = (times * 1000).astype(np.uint64)
    octets = [(milliseconds >> np.uint64(7 * byte)) & np.uint64(0x7F) | np.uint64(0x80 * (byte < 5)) for byte in range(6)]
    samples = np.zeros(values.shape, [("head", "u1", 3), ("value", "<f8"), ("tag", "u1"), ("time", "u1", 6)])
    samples["head"], samples["tag"], samples["value"] = (0x12, 16, 0x09), 0x10, values
    samples["time"] = np.stack(octets, axis=1)
    return samples


def _field(number: int, content: bytes) -> bytes:
    size, octets = len(content), b""
    while size >= 0x80:
        octets += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + octets + bytes([size]) + content
