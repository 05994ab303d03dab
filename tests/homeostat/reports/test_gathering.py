"""A report is made of whatever answers; what does not is named with its reason."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import accuracy
from exporter.scorekeeper import Pending
from exporter.scorekeeper import Report as ExportersReport
from exporter.tally import Score
from homeostat.config import loads
from homeostat.config.types import Config
from homeostat.daemon_client import DaemonError
from homeostat.explanation.asking import ask
from homeostat.prometheus import PrometheusError, Sample, Series
from homeostat.reports.brief import brief
from homeostat.reports.gathering import Sources, asked_for, gather
from homeostat.reports.markdown import markdown
from homeostat.reports.model import Asked, Record, Report
from homeostat.reports.page import page
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


def test_people_who_wait_at_pages_leave_a_report_no_less_patience() -> None:
    never, at_pages = threading.Event(), [threading.Thread(target=ask, args=({"hangs": lambda: never.wait(30)}, 30.0)) for _ in range(2)]

    def slow(asked: Asked) -> Record:
        time.sleep(1.0)
        return record(asked)

    for person in at_pages:
        person.start()
    assert made(record=slow).unknown == ()
    never.set()
    for person in at_pages:
        person.join()


def test_without_prometheus_no_backup_is_called_unproven() -> None:
    assert made(prometheus=Deaf(PrometheusError("down"))).unproven == ()


NAMES = ("homeostat_time_to_limit_seconds", "homeostat_usage_ratio", "homeostat_forecast_usage_ratio", "target_action:homeostat_decision:ratio", "target_action:homeostat_confidence:ratio",
         "homeostat_health_score", "homeostat_observer_up", "homeostat_backup_integrity_ok", "host:homeostat_resolution_seconds:mean30d", "host_action:homeostat_confidence:avg7d", "another")  # fmt: skip
LABELS = st.dictionaries(st.sampled_from(["problem", "target", "resource", "action", "decision", "bound", "ahead", "observer", "backup"]), st.sampled_from(["", "a", "median", "lower", "upper", "1d", "<b>", "selftest"]))
VALUES = st.floats(width=64)
SAMPLES = st.lists(st.builds(lambda name, labels, value: Sample({"__name__": name, **labels}, NOW, value), st.sampled_from(NAMES), LABELS, VALUES), max_size=12)
COURSES = st.lists(
    st.builds(
        lambda name, labels, values: Series({"__name__": name, **labels}, tuple(NOW - 3600.0 * (len(values) - number) for number in range(len(values))), tuple(values)),
        st.sampled_from(NAMES), LABELS, st.lists(VALUES, min_size=1, max_size=6),
    ),
    max_size=4,
)  # fmt: skip


@settings(deadline=None)
@given(SAMPLES, COURSES)
def test_whatever_prometheus_holds_a_report_is_made_of_it(samples: list[Sample], courses: list[Series]) -> None:
    class Holding(Empty):
        def query(self, promql: str) -> list[Any]:
            return samples

        def query_range(self, promql: str, start: float, end: float, step: float) -> list[Any]:
            return courses

    report = made(prometheus=Holding())
    assert report.unknown == ()
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
    document = tell(report)
    text = markdown(document)
    assert "nan" not in text.lower()
    assert max(map(len, text.split())) < 100, "nor is a number as long as a line"
    assert "NaN" not in page(document)
    assert brief(report, "x")


def test_what_the_exporter_answers_is_read() -> None:
    kept = ExportersReport(scores={86400.0: Score(3, 0.1, 0.2, 0.3, 0.9, math.inf), 7.0: Score(0, math.nan, math.nan, math.nan, math.nan, math.nan)}, pending={7.0: Pending(4, NOW)})
    report = made(exporter=Exporter(accuracy.as_json(kept, str)))
    assert [(one.scored, one.brier, one.time_error, one.pending) for one in report.accuracy.values()] == [(3, 0.1, None, 0), (0, None, None, 4)]
