from __future__ import annotations

import math
from typing import TYPE_CHECKING

from deploy.demo.stack import ROOT
from homeostat.prometheus import Series
from tests.grafana import recording
from tests.grafana.known import METRICS, recorded

if TYPE_CHECKING:
    import pathlib

    import pytest


def test_what_is_written_is_read_back(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    labels = {"__name__": "a:b", "target": 'say "x5" } 1', "host": "atlas"}
    found = [Series(labels, (100.0, 110.0, 130.0, 140.0), (1.5, 1.5, math.inf, 1795714600.25))]
    monkeypatch.setattr(recording, "PATH", tmp_path / "series")
    recording.PATH.write_text(recording.text(found, start=100, step=10, count=6))
    recording.recording.cache_clear()
    read = recording.recording()
    recording.recording.cache_clear()
    assert (read.start, read.step, read.end) == (100, 10, 150)
    assert read.series == {r'a:b{host="atlas",target="say \"x5\" } 1"}': [1.5, 1.5, None, math.inf, 1795714600, None]}
    assert read.openmetrics().splitlines()[-2:] == [r'a:b{host="atlas",target="say \"x5\" } 1"} 1795714600.0 140', "# EOF"]


def test_nothing_of_the_machine_that_recorded_it_is_in_it() -> None:
    text = recording.PATH.read_text(encoding="utf-8")
    assert [word for word in ("/var/tmp", "/home/", str(ROOT)) if word in text] == []


def test_what_was_recorded_is_published_still() -> None:
    names = {series.partition("{")[0] for series in recording.recording().series}
    assert sorted(names - METRICS.keys() - recorded()) == [], "a metric is gone or has another name: run python -m tests.grafana.record"
