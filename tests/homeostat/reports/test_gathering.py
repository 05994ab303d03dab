"""A report is made of whatever answers; what does not is named with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.config import loads
from homeostat.config.types import Config
from homeostat.daemon_client import DaemonError
from homeostat.prometheus import PrometheusError
from homeostat.reports.gathering import Sources, asked_for, gather
from homeostat.reports.markdown import markdown
from homeostat.reports.model import Asked, Record
from homeostat.reports.telling import tell

CONFIG = loads("host: nas\nlinks: {console: 'http://nas:9922/'}\nnotifications: {location: UTC}\nfilesystems: {/b: {}}\nbackups: {nightly: {sources: {a: /a}, directory: /b/x, filesystem: /b}}\n", Config, "homeostat.yml")
NOW = 1_795_420_800.0
SCORE = {"scored": 5, "brier": None, "expected": 0.1, "crossed": 0.1, "coverage": None, "time_error": None, "pending": 2}


class Deaf:
    """Answers nothing, whatever it is asked."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def asked(*_: object, **__: object) -> Any:
            raise self.error

        return asked


class Empty:
    """Knows nothing."""

    def query(self, promql: str) -> list[Any]:
        return []

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[Any]:
        return []


class Exporter:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get(self, path: str) -> Any:
        return self.answer


def record(asked: Asked) -> Record:
    return Record(mode="active", level="moderate", proved_at=NOW)


def no_record(asked: Asked) -> Record:
    raise DaemonError("http://nas:9922 gave no answer: ConnectionError; is the daemon running?")


def made(**others: Any) -> Any:
    sources: dict[str, Any] = {"config": CONFIG, "record": record, "prometheus": Empty(), "exporter": Exporter({"horizons": {"24h": SCORE}, "problems": {}, "voids": {}}), **others}
    return gather(Sources(**sources), asked_for(CONFIG, 86400.0, NOW), NOW)


def test_all_that_answers_is_in_it() -> None:
    report = made()
    assert report.unknown == ()
    assert (report.record.mode, report.now.forecasts, report.past.foreseen, report.accuracy["24h"].scored) == ("active", 0, (), 5)
    assert (report.asked.since, report.asked.console, report.asked.period) == (NOW - 86400, "http://nas:9922", "1d")
    assert report.unproven == ("nightly",)


@pytest.mark.parametrize(
    ("silent", "named", "still"),
    [
        pytest.param({"record": no_record}, ["What was done", "is the daemon running?"], "What runs out next", id="actor"),
        pytest.param({"prometheus": Deaf(PrometheusError("Prometheus at http://p gave no answer: it is down"))}, ["What runs out next", "The course of confidence", "it is down"], "What was done", id="prometheus"),
        pytest.param({"exporter": Deaf(DaemonError("no exporter"))}, ["How good the forecasts were: no exporter"], "What was done", id="exporter"),
        pytest.param({"exporter": Exporter({"horizons": {"24h": {"scored": "many"}}})}, ["answered in an unknown shape", "is it of this version?"], "What was done", id="another-version"),
    ],
)
def test_what_does_not_answer_is_named_and_the_rest_is_told(silent: dict[str, Any], named: list[str], still: str) -> None:
    report = made(**silent)
    text = markdown(tell(report))
    assert [words in " ".join(report.unknown) for words in named] == [True] * len(named)
    assert "## What is not known" in text
    assert f"## {still}" in text


def test_without_prometheus_no_backup_is_called_unproven() -> None:
    assert made(prometheus=Deaf(PrometheusError("down"))).unproven == ()
