"""What is reckoned from Prometheus' answers: infinities, gaps, nothing at all."""

from __future__ import annotations

import dataclasses
import math

import pytest

from homeostat.prometheus import PrometheusError, Sample, Series
from homeostat.reports.measured import measure_now, measure_past
from homeostat.reports.model import Asked

DAY, HOUR = 86400.0, 3600.0
WEEK = Asked(host='n"as', period="7d", since=7 * DAY, until=14 * DAY)
SRV = {"problem": "disk_exhaustion", "target": "/srv", "resource": "filesystem"}


@dataclasses.dataclass
class Told:
    """Answers with what a test says: to every instant query, and to a range by a part of it."""

    now: list[Sample] = dataclasses.field(default_factory=list)
    ranges: dict[str, list[Series]] = dataclasses.field(default_factory=dict)
    asked: list[str] = dataclasses.field(default_factory=list)

    def query(self, promql: str) -> list[Sample]:
        self.asked.append(promql)
        return self.now

    def query_range(self, promql: str, start: float, end: float, step: float) -> list[Series]:
        self.asked.append(promql)
        assert (end - start) / step <= 11_000
        return next((series for part, series in self.ranges.items() if part in promql), [])


def sample(name: str, value: float, **labels: str) -> Sample:
    return Sample({"__name__": name, "host": WEEK.host, **labels}, WEEK.until, value)


def until_limit(target: str, lower: float, median: float, upper: float, **labels: str) -> list[Sample]:
    said = {**SRV, "target": target, **labels}
    return [sample("homeostat_time_to_limit_seconds", value, **said, bound=bound) for bound, value in (("lower", lower), ("median", median), ("upper", upper))]


def test_what_runs_out_comes_soonest_first_with_what_will_be_done() -> None:
    found = measure_now(
        Told([
            *until_limit("/far", 9 * DAY, 30 * DAY, math.inf),
            *until_limit("/srv", DAY, 2 * DAY, 3 * DAY),
            *until_limit("/never", 1.0, math.inf, math.inf),
            *until_limit("/nan", math.nan, math.nan, math.nan),
            *until_limit("selftest", 0, 1, 2, problem="selftest"),
            sample("homeostat_usage_ratio", 0.9, **SRV),
            sample("homeostat_usage_ratio", math.nan, **{**SRV, "target": "/far"}),
            sample("target_action:homeostat_decision:ratio", 0.9, **SRV, action="disk-cleanup", decision="propose"),
            sample("homeostat_problem_action_info", 1, problem="disk_exhaustion", action="disk-cleanup", risk="low"),
        ]),
        WEEK, WEEK.until,
    )  # fmt: skip
    assert found.forecasts == 4
    assert [(one.target, one.used, one.lower, one.upper, one.action, one.decision) for one in found.runs_out] == [
        ("/srv", 0.9, DAY, 3 * DAY, "disk-cleanup", "propose"),
        ("/far", None, 9 * DAY, None, "disk-cleanup", ""),
    ]


def test_a_targets_own_action_comes_before_the_hosts_and_none_is_none() -> None:
    answers = [sample("homeostat_problem_action_info", 1, problem="disk_exhaustion", action="disk-cleanup"), sample("homeostat_problem_action_info", 1, **SRV, action="backup-rotation")]
    with_own = measure_now(Told([*until_limit("/srv", 1, 2, 3), *answers]), WEEK, WEEK.until)
    without = measure_now(Told(until_limit("/srv", 1, 2, 3)), WEEK, WEEK.until)
    assert [with_own.runs_out[0].action, without.runs_out[0].action] == ["backup-rotation", "none"]


def test_the_fan_of_the_soonest_is_its_published_one_and_infinities_are_left_out() -> None:
    ahead = [sample("homeostat_forecast_usage_ratio", value, **SRV, bound=bound, ahead=label) for label, value in (("0s", 0.9), ("1d", 0.95), ("90d", 2.0), ("?", 1.0)) for bound in ("lower", "median", "upper")]
    ahead.append(sample("homeostat_forecast_usage_ratio", math.inf, **SRV, bound="upper", ahead="2d"))
    past = Series(SRV, (1.0, 2.0, 3.0), (0.8, math.nan, 0.9))
    told = Told([*until_limit("/srv", 1, DAY, math.inf), *ahead], {"homeostat_usage_ratio{": [past]})
    outlook = measure_now(told, WEEK, WEEK.until).outlook
    assert outlook is not None
    assert (outlook.past, outlook.times, outlook.ahead, outlook.median) == ((0.8, 0.9), (1.0, 3.0), (WEEK.until, WEEK.until + DAY), (0.9, 0.95))
    assert '{host="n\\"as"' in told.asked[-1]


def test_scores_penalties_blindness_and_proof_are_told() -> None:
    found = measure_now(
        Told([
            sample("homeostat_health_score", 87), sample("homeostat_autonomy_score", math.nan), sample("homeostat_health_penalty", 13, reason="disk"), sample("homeostat_health_penalty", 0, reason="none"),
            sample("homeostat_observer_up", 0, observer="logs"), sample("homeostat_observer_up", 1, observer="drift"), sample("homeostat_doctor_check_failed", 1, check="rules"),
            sample("homeostat_backup_integrity_ok", 1, backup="a"), sample("homeostat_backup_integrity_ok", 0, backup="b"), sample("homeostat_backup_restore_test_age_seconds", 91 * DAY, backup="c"),
            sample("host_action:homeostat_confidence:avg7d", 0.9, action="a"), sample("host_action:homeostat_confidence:delta7d", math.nan, action="a"),
            sample("host:homeostat_actions_succeeded:ratio30d", 0.9), sample("host:homeostat_decisions_manual:ratio30d", math.nan),
        ]),
        WEEK, WEEK.until,
    )  # fmt: skip
    assert (found.scores, found.penalties, found.blind, found.failed_checks, found.proven_backups) == ({"health": 87}, {"disk": 13}, ("logs",), ("rules",), ("a",))
    assert (found.decided["a"].mean, found.decided["a"].change) == (0.9, None)
    assert found.measures == {"host:homeostat_actions_succeeded:ratio30d": 0.9}


def test_nothing_is_nothing() -> None:
    found = measure_now(Told(), WEEK, WEEK.until)
    assert (found.forecasts, found.runs_out, found.outlook, found.measures) == (0, (), None, {})
    past = measure_past(Told(), WEEK)
    assert (past.confidence, past.scores, past.foreseen) == ((), (), ())


def test_trends_are_of_both_periods_without_what_is_no_number() -> None:
    times = tuple(day * DAY for day in range(14))
    confidence = {"__name__": "target_action:homeostat_confidence:ratio", "action": "disk-cleanup"}
    courses = [
        Series({**confidence, "target": "/"}, times, tuple(0.8 if time < 7 * DAY else 0.9 for time in times)),
        Series({**confidence, "target": "/srv"}, times[:7], (0.6,) * 7),
        Series({**confidence, "problem": "selftest"}, times, (0.1,) * 14),
        Series({"__name__": "homeostat_health_score"}, times, (math.nan, math.inf, -math.inf, 1e308, *(100.0,) * 10)),
    ]
    asserted, limits = [Series(SRV, (8 * DAY, 9 * DAY), (0.9, 0.9))], [Series(SRV, (9 * DAY,), (1.1,))]
    past = measure_past(Told(ranges={"__name__": courses, "problem_confidence": asserted, "max_over_time": limits}), WEEK)
    (cleanup,) = past.confidence
    assert (cleanup.name, round(cleanup.before or 0, 3), round(cleanup.mean or 0, 3)) == ("disk-cleanup", 0.7, 0.9)
    assert [(score.name, score.mean, len(score.values)) for score in past.scores] == [("health", 100.0, 10)]
    assert past.foreseen[0].at_limit == ((9 * DAY, 9 * DAY),)


def test_a_silent_prometheus_is_no_answer() -> None:
    class Silent(Told):
        def query(self, promql: str) -> list[Sample]:
            raise PrometheusError("Prometheus at http://x gave no answer")

    with pytest.raises(PrometheusError):
        measure_now(Silent(), WEEK, WEEK.until)
