from __future__ import annotations

import json

from grafana import generate
from tests.grafana.known import RECORDED, recorded


def test_every_series_that_a_dashboard_reads_as_recorded_is_recorded_by_a_rule() -> None:
    assert sorted(set(RECORDED) - recorded()) == []


def test_every_series_that_is_known_as_recorded_is_read_by_a_dashboard() -> None:
    text = "".join(json.dumps(dashboard()) for dashboard in generate.DASHBOARDS.values())
    assert [series for series in RECORDED if series not in text] == []
