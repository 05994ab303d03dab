"""Speed is measured on the scorer's own series, of which a real Prometheus holds the same."""

from __future__ import annotations

import json
import os
import sys
import time
import typing

import numpy as np
import pytest

from bench import speed

if typing.TYPE_CHECKING:
    from collections.abc import Callable


class Scorer:
    """Measures as score.py does."""

    def speed(self, run: Callable[[list[dict]], object], sizes: list[int]) -> None:
        times = np.arange(2016) * 300.0
        values = 50 + 1e-5 * times + np.sin(times / 13751)
        common = {"ts": times, "threshold": 80.0, "direction": "up", "horizon": 604800, "now": times[-1]}
        for size in sizes:
            requests = [{"id": str(number), "values": values + number, **common} for number in range(size)]
            began = time.perf_counter()
            run(requests)
            sys.stdout.write(json.dumps({"n": size, "series_per_second": round(size / (time.perf_counter() - began))}))


def test_a_process_is_held_to_one_core_and_let_go() -> None:
    before = os.sched_getaffinity(0)
    with speed.one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


@pytest.mark.integration
def test_forecasts_and_prometheus_are_measured_on_the_same_series() -> None:
    found = speed.measured(Scorer(), 20)
    assert set(found) == {"ours", "predict_linear_one_core", "predict_linear_all_cores"}
    assert all(rate > 0 for rate in found.values())
