"""The two scores: each point that is taken or given, from what Prometheus says, and none where it says nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.collector import HELP as SERVED
from exporter.scores import HELP, QUERIES, Scores, refresh, samples
from homeostat.config import Config, loads
from homeostat.prometheus import Sample
from tests.exporter.fakes import NOW, FakePrometheus
from tests.grafana.conftest import remembering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.prometheus import Prometheus

DAY = 86400
UP = [({"job": "homeostat-exporter", "instance": "nas:9921"}, 1), ({"job": "homeostat-actor", "instance": "nas:9922"}, 1)]


def config(**exporter: Any) -> Config:
    return loads(yaml.safe_dump({"host": "nas", "exporter": exporter}), Config, "homeostat.yml")


def scored(answers: dict[str, list[tuple[dict[str, str], float]]], watched: tuple[str, ...] = ("nas",), **exporter: Any) -> Scores:
    prometheus = FakePrometheus()
    for name, rows in ({"parts": UP} | answers).items():
        prometheus.instants[QUERIES[name]] = [Sample(labels, NOW, value) for labels, value in rows]
    return refresh(prometheus, config(**exporter), watched)


def health(scores: Scores, host: str = "nas") -> float:
    return next(value for name, labels, value in samples(scores) if (name, labels) == ("health_score", {"host": host}))


def problem(name: str, severity: str = "warning", count: int = 1, host: str = "nas") -> tuple[dict[str, str], float]:
    return {"host": host, "problem": name, "severity": severity}, count


def test_a_unit_that_failed_counts_whether_or_not_it_is_in_the_catalogue_and_once() -> None:
    failed = [({"host": "nas"}, 2)]
    assert scored({"failed": failed}).penalties["nas"] == {"service_down": 16}
    assert scored({"failed": failed, "problems": [problem("service_down")]}).penalties["nas"] == {"service_down": 16}
    assert scored({"failed": failed, "problems": [problem("service_down", count=3)]}).penalties["nas"] == {"service_down": 24}


def test_a_host_with_nothing_wrong_has_all_points_and_no_penalty() -> None:
    assert list(samples(scored({}))) == [("health_score", {"host": "nas"}, 100.0)]


@pytest.mark.parametrize(
    ("wrong", "reason", "points"),
    [
        ([problem("service_down")], "service_down", 8),
        ([problem("service_down", "critical", 2), problem("service_down", "info", 2)], "service_down", 32),
        ([problem("service_down", "critical", 3), problem("service_down", "warning", 9)], "service_down", 32),
        ([problem("disk_exhaustion", "critical")], "disk_exhaustion", 15),
        ([problem("disk_exhaustion", "critical"), problem("disk_exhaustion", count=2)], "disk_exhaustion", 27),
        ([problem("power_loss")], "power_loss", 6),
        ([problem("config_drift_major", "critical", 2)], "config_drift_major", 10),
        ([problem("config_drift_minor")], "config_drift_minor", 2),
        ([problem("backup_stale", "info")], "backup_stale", 10),
        ([problem("log_errors", count=3)], "log_errors", 12),
    ],
)
def test_what_is_wrong_takes_its_points(wrong: list[tuple[dict[str, str], float]], reason: str, points: float) -> None:
    scores = scored({"problems": wrong})
    assert scores.penalties["nas"] == {reason: points}
    assert health(scores) == 100 - points


def test_what_is_merely_known_takes_none() -> None:
    assert scored({"problems": [problem("disk_exhaustion", "info", 5)]}).penalties == {"nas": {}}


def test_health_never_falls_below_nothing() -> None:
    assert health(scored({"problems": [problem("disk_exhaustion", "critical", 9)]})) == 0


def test_the_owner_says_what_each_is_worth() -> None:
    scores = scored({"problems": [problem("service_down", count=4), problem("swap_exhaustion")]}, health={"service_down": 20, "service_down_most": 30, "warning": 0})
    assert scores.penalties["nas"] == {"service_down": 30}


def test_a_part_that_cannot_be_scraped_takes_points_from_the_host_it_is_on() -> None:
    parts = [*UP, ({"job": "homeostat-actor", "instance": "pi:9922"}, 0), ({"job": "alertmanager", "instance": "127.0.0.1:9093"}, 0), ({"job": "homeostat-exporter", "instance": "web:1", "host": "pi"}, 0)]
    scores = scored({"parts": parts}, watched=("nas", "pi"))
    assert scores.penalties == {"nas": {"unreachable": 10}, "pi": {"unreachable": 20}}


def test_a_daemon_that_no_job_scrapes_is_missed_at_the_exporters_own_host() -> None:
    assert scored({"parts": []}).penalties["nas"] == {"unreachable": 20}


def test_each_host_has_its_own() -> None:
    scores = scored({"problems": [problem("disk_exhaustion", host="pi")]}, watched=("nas", "web"))
    assert {host: health(scores, host) for host in ("nas", "web", "pi")} == {"nas": 100, "web": 100, "pi": 94}


ACTOR = {"actors": [({"host": "nas"}, 1.0)]}


def autonomy(answers: dict[str, list[tuple[dict[str, str], float]]], **exporter: Any) -> dict[str, float]:
    return dict(scored(ACTOR | answers, **exporter).parts["nas"])


def of(value: float, **labels: str) -> tuple[dict[str, str], float]:
    return {"host": "nas", **labels}, value


NOTHING_SHOWN = {"closed": 10.0, "known_action": 0.0, "found": 0.0, "checks": 0.0, "prediction": 0.0, "learning": 0.0}


def test_where_nothing_was_shown_nothing_is_earned() -> None:
    assert autonomy({}) == NOTHING_SHOWN


def test_a_host_without_an_actor_has_no_autonomy() -> None:
    assert scored({}).parts == {}


@pytest.mark.parametrize(
    ("answers", "part", "points"),
    [
        ({"gone": [of(3, problem="memory_leak")], "problems": [problem("disk_exhaustion")]}, "closed", 7.5),
        ({"problems": [problem("disk_exhaustion", "info")]}, "closed", 0),
        ({"ended": [of(3, action="service-restart", outcome="failed"), of(1, action="none", outcome="alerted")]}, "known_action", 7.5),
        ({"gone": [of(1, problem="memory_leak"), of(1, problem="service_down")]}, "found", 5),
        ({"checks": [of(15, result="passed"), of(3, result="warned"), of(2, result="failed")]}, "checks", 22.5),
        ({"live": [of(2)]}, "prediction", 10),
        ({"live": [of(1)], "certain": [of(1)]}, "prediction", 15),
        ({"live": [of(9)]}, "prediction", 25),
        ({"ended": [of(2, action="service-restart", outcome="succeeded"), of(7, action="service-restart", outcome="failed")]}, "prediction", 20),
        ({"actions": [of(4)], "tried": [of(1)]}, "learning", 3.75),
    ],
)
def test_what_was_shown_earns_its_points(answers: dict[str, list[tuple[dict[str, str], float]]], part: str, points: float) -> None:
    told = {"alert": [{"alert": "ContainerDown", "problem": "service_down", "resource": "service", "confidence": 0.9, "target_label": "name"}]}
    assert autonomy(answers, targets=told)[part] == points


def test_what_another_host_showed_earns_nothing_here() -> None:
    other = {"host": "pi", "problem": "memory_leak", "action": "a", "outcome": "succeeded", "result": "passed"}
    assert autonomy({name: [(other, 9.0)] for name in ("gone", "ended", "checks", "live", "certain", "actions", "tried")}) == NOTHING_SHOWN


def test_all_that_can_be_earned_is_100() -> None:
    parts = autonomy(
        {
            "gone": [of(2, problem="memory_leak")],
            "ended": [of(2, action="service-restart", outcome="succeeded")],
            "checks": [of(20, result="passed")],
            "live": [of(30)],
            "actions": [of(2)],
            "tried": [of(2)],
        }
    )
    assert sum(parts.values()) == 100


counts = st.integers(0, 50).map(float)


@given(st.lists(st.tuples(st.sampled_from(["service_down", "disk_exhaustion", "log_errors", "x"]), st.sampled_from(["info", "warning", "critical"]), st.integers(1, 30)), max_size=6), counts, counts, counts, counts)
@settings(max_examples=100, deadline=None)
def test_both_stay_between_0_and_100(wrong: list[tuple[str, str, int]], gone: float, ended: float, passed: float, live: float) -> None:
    answers = {
        "problems": [problem(*each) for each in wrong],
        "gone": [of(gone, problem="x")],
        "ended": [of(ended, action="none", outcome="succeeded")],
        "checks": [of(passed, result="passed"), of(live, result="failed")],
        "live": [of(live)],
    }
    for name, _, value in samples(scored(ACTOR | answers)):
        assert 0 <= value <= 100 or name == "health_penalty"


@pytest.mark.parametrize("name", QUERIES)
def test_one_question_without_an_answer_leaves_no_score_at_all(name: str) -> None:
    prometheus = FakePrometheus()
    prometheus.broken.add(QUERIES[name])
    assert refresh(prometheus, config(), ("nas",)) == Scores()


def test_every_score_is_among_what_is_served() -> None:
    assert set(HELP) <= set(SERVED)


def history(now: int) -> Iterator[str]:
    """Write what two hosts showed: samples of a month ago and of a moment ago."""
    then, lately = now - 30 * DAY - 3600, now - 20
    disk = 'problem="disk_exhaustion",host="nas",target="/srv",resource="filesystem"'
    selftest = 'problem="selftest",host="nas",target="selftest",resource="selftest"'
    rows: list[tuple[str, float | None, float]] = [
        # Two exporters assert the same problem.
        (f'homeostat_problem_severity{{instance="a",{disk},severity="critical"}}', None, 1),
        (f'homeostat_problem_severity{{instance="b",{disk},severity="critical"}}', None, 1),
        (f'homeostat_problem_severity{{instance="a",{selftest},severity="warning"}}', None, 1),
        ('up{job="homeostat-exporter",instance="nas:9921"}', None, 1),
        ('up{job="homeostat-actor",instance="nas:9922"}', None, 0),
        ('homeostat_actor_ready{host="nas"}', None, 1),
        # Born after then, born before, and moved to another instance meanwhile.
        ('homeostat_resolution_seconds_count{host="nas",problem="memory_leak"}', None, 2),
        ('homeostat_resolution_seconds_count{host="nas",problem="service_down",instance="old"}', 4, 4),
        ('homeostat_resolution_seconds_count{host="nas",problem="service_down",instance="new"}', None, 5),
        ('homeostat_actions_total{host="nas",action="service-restart",target="web",decision="auto-execute",outcome="succeeded"}', 7, 8),
        ('homeostat_actions_total{host="nas",action="none",target="web",decision="alert-only",outcome="alerted"}', None, 1),
        ('homeostat_doctor_checks{host="nas",result="passed"}', None, 18),
        ('homeostat_doctor_checks{host="nas",result="failed"}', None, 2),
        (f'homeostat_limit_probability_ratio{{{disk},horizon="24h"}}', None, 0.5),
        (f'homeostat_limit_probability_ratio{{{disk},horizon="7d"}}', None, 0.7),
        (f'homeostat_limit_probability_ratio{{{selftest},horizon="7d"}}', None, 0.99),
        ('homeostat_action_trials{host="nas",action="service-restart"}', None, 8),
        ('homeostat_action_trials{host="nas",action="disk-cleanup"}', None, 0),
        ('homeostat_action_trials{host="nas",action="selftest"}', None, 30),
    ]  # fmt: skip
    for series, before, after in rows:
        if before is not None:
            yield f"{series} {before} {then}"
        yield f"{series} {after} {lately}"
    yield "# EOF\n"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with remembering(tmp_path_factory.mktemp("scores"), "\n".join(history(int(time.time())))) as prometheus:
        yield prometheus


def test_a_real_prometheus_answers_every_question_as_it_is_meant(real: Prometheus) -> None:
    scores = refresh(real, config(), ())
    assert scores.penalties == {"nas": {"disk_exhaustion": 15, "unreachable": 10}}
    # Gone are two leaks and one service that was down; one restart was verified, one alert had no action.
    assert scores.parts == {"nas": {"closed": 7.5, "known_action": 5.0, "found": 10.0, "checks": 27.0, "prediction": 15.0, "learning": 7.5}}
