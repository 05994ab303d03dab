"""The libraries of the extra `bench` answer through the same door; without the extra these tests are skipped."""

from __future__ import annotations

import numpy as np
import pytest

libraries = pytest.importorskip("bench.libraries", reason="needs the extra `bench`", exc_type=ImportError)
TIMES = np.arange(1 - 5 * 288, 1) * 300.0


def asked(values: np.ndarray, threshold: float) -> dict:
    return {"id": 1, "ts": TIMES, "values": values, "threshold": threshold, "direction": "up", "horizon": 2 * 86400, "now": 0.0}


@pytest.mark.parametrize("name", libraries.forecasters())
def test_a_noisy_rise_through_the_limit_is_likely_and_a_far_limit_is_not(name: str) -> None:
    forecast = libraries.forecasters()[name]
    values = 50 + 10 * TIMES / 86400 + 0.3 * np.random.default_rng(3).normal(size=TIMES.size)
    near, far = forecast(asked(values, 56.0)), forecast(asked(values, 500.0))
    assert near["prob"] > 0.7
    assert 0.3 * 86400 < near["ttc"] < 1.8 * 86400
    assert far["prob"] < 0.01
    assert forecast.failures == 0


def test_what_no_model_can_be_fitted_to_stays_where_it_is_and_is_counted() -> None:
    forecast = libraries.Library(lambda levels, hours, limit: 1 / 0)
    assert forecast(asked(np.full(TIMES.size, 7.0), 9.0)) == {"prob": 0.0, "ttc": None, "lo": None, "hi": None}
    assert forecast(asked(np.full(TIMES.size, 9.0), 9.0))["prob"] == 1.0
    assert forecast.failures == 2
