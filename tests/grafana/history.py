"""Two hosts' past hours as Prometheus would have scraped them: a disk that is cleaned, a leak, a refusal, a pause."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from homeostat.words import DECISIONS, MODES, RISKS, STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

# A multiple of two hours, so that the past three hours are few blocks.
END = 1_767_268_800
START = END - 3 * 3600
STEP_SECONDS = 30
CLEANED, RESTARTED, ASSERTED, PAUSED = END - 3600, END - 1800, START + 3600, END - 5400

# A value at a moment; None where the series does not exist then.
Course = float | Callable[[float], float | None]

DISK = 'problem="disk_exhaustion",host="atlas",target="/srv",resource="filesystem"'
ROOT = 'problem="disk_exhaustion",host="vega",target="/",resource="filesystem"'
LEAK = 'problem="memory_leak",host="atlas",target="jellyfin",resource="service"'
EXPORTER = 'job="homeostat-exporter",instance="127.0.0.1:9921"'
ACTORS = {host: f'job="homeostat-actor",instance="{host}:9922",host="{host}"' for host in ("atlas", "vega")}
RUNGS = (0.5, 0.7, 0.8, 0.9, 1)


def openmetrics() -> str:
    """Write every sample of every series, as `promtool tsdb create-blocks-from openmetrics` reads them."""
    lines = []
    for series, course in _everything():
        at = course if callable(course) else lambda _, value=course: value
        moments = ((moment, at(moment)) for moment in range(START, END + 1, STEP_SECONDS))
        lines += [f"{series} {_number(value)} {moment}" for moment, value in moments if value is not None]
    return "\n".join([*lines, "# EOF", ""])


def _number(value: float) -> str:
    return "+Inf" if math.isinf(value) else repr(float(value))


def _from(moment: float, value: float = 1) -> Course:
    """Be born with `value` already in it, as the actor's totals are."""
    return lambda now: value if now >= moment else None


def _during(start: float, end: float, value: float = 1) -> Course:
    return lambda now: value if start <= now < end else None


def _everything() -> Iterator[tuple[str, Course]]:
    yield from _usage()
    yield from _forecasts()
    yield from _exporter_itself()
    yield from _accuracy()
    yield from _rules()
    yield from _success()
    for host, labels in ACTORS.items():
        yield from _actor(host, labels)
        yield from _policy(labels)
    yield from _deeds()
    yield from _confidence()
    yield from _calibration()


def _disk_usage(now: float) -> float:
    return 0.6 + 0.1 * (now - START) / 3600 if now < CLEANED else 0.55


def _leak_usage(now: float) -> float:
    return 0.4 + 0.15 * (now - START) / 3600 if now < RESTARTED else 0.3


def _seconds_left(usage: Callable[[float], float], factor: float) -> Course:
    return lambda now: factor * (1 - usage(now)) * 86400


def _fan(rise: float) -> Course:
    return lambda now: _disk_usage(now) + rise / 20 if ASSERTED <= now < CLEANED else None


def _usage() -> Iterator[tuple[str, Course]]:
    for labels, course in ((DISK, _disk_usage), (ROOT, 0.3), (LEAK, _leak_usage)):
        yield f"homeostat_usage_ratio{{{EXPORTER},{labels}}}", course
        for bound, factor in (("lower", 0.8), ("median", 1.0), ("upper", 1.2)):
            yield f'homeostat_growth_bytes_per_second{{{EXPORTER},{labels},bound="{bound}"}}', 2e6 * factor
            yield f'homeostat_usage_growth_ratio_per_second{{{EXPORTER},{labels},bound="{bound}"}}', 3e-5 * factor
    yield f"homeostat_memory_leak_bytes_per_second{{{EXPORTER},{LEAK}}}", 4200
    yield f"homeostat_memory_leak_confidence_ratio{{{EXPORTER},{LEAK}}}", 0.92


def _forecasts() -> Iterator[tuple[str, Course]]:
    for bound, factor in (("lower", 0.8), ("median", 1.0), ("upper", 1.3)):
        name = f"homeostat_time_to_limit_seconds{{{EXPORTER},"
        yield f'{name}{ROOT},bound="{bound}"}}', math.inf
        yield f'{name}{DISK},bound="{bound}"}}', _seconds_left(_disk_usage, factor)
        yield f'{name}{LEAK},bound="{bound}"}}', _seconds_left(_leak_usage, factor)
        for ahead, days in (("0s", 0), ("1h", 1), ("7d", 7)):
            yield (
                f'homeostat_forecast_usage_ratio{{{EXPORTER},{DISK},bound="{bound}",ahead="{ahead}"}}',
                _fan(factor * days),
            )
    for horizon, probability in (("1h", 0.7), ("7d", 0.96)):
        for labels in (DISK, ROOT, LEAK):
            yield f'homeostat_limit_probability_ratio{{{EXPORTER},{labels},horizon="{horizon}"}}', probability
    yield f'homeostat_forecast_unavailable{{{EXPORTER},{LEAK},reason="not_enough_data"}}', _during(START, START + 600)


def _exporter_itself() -> Iterator[tuple[str, Course]]:
    for host in ACTORS:
        yield f'homeostat_exporter_last_success_timestamp_seconds{{{EXPORTER},host="{host}"}}', lambda now: now - 20
        yield f'homeostat_health_score{{{EXPORTER},host="{host}"}}', 85
        yield f'homeostat_health_penalty{{{EXPORTER},host="{host}",reason="disk_exhaustion"}}', 15
        yield f'homeostat_autonomy_score{{{EXPORTER},host="{host}"}}', 72.5
        for part, points in (("closed", 7.5), ("known_action", 10), ("found", 10), ("checks", 30), ("prediction", 15), ("learning", 0)):
            yield f'homeostat_autonomy_part{{{EXPORTER},host="{host}",part="{part}"}}', points
    own = f'{EXPORTER},host="atlas"'
    yield f"homeostat_exporter_cycle_duration_seconds{{{own}}}", 1.5
    yield f"homeostat_exporter_series{{{own}}}", 3
    yield f'homeostat_exporter_errors_total{{{own},stage="query"}}', lambda now: float(now >= PAUSED)
    yield f"homeostat_prometheus_up{{{own}}}", 1
    yield f'homeostat_exporter_build_info{{{own},version="0.1.0"}}', 1
    yield f'homeostat_config_last_reload_successful{{{own},daemon="exporter"}}', 1
    yield f"homeostat_series_age_seconds{{{EXPORTER},{DISK}}}", 12
    for job in (EXPORTER, *(f'job="homeostat-actor",instance="{host}:9922"' for host in ACTORS)):
        yield f"up{{{job}}}", 1


def _accuracy() -> Iterator[tuple[str, Course]]:
    own = f'{EXPORTER},host="atlas"'
    for horizon, brier, crossed in (("24h", 0.02, 0.05), ("7d", 0.06, 0.2)):
        of = f'{own},horizon="{horizon}"'
        yield f"homeostat_forecast_brier_score{{{of}}}", _from(PAUSED, brier)
        yield f"homeostat_forecast_expected_crossing_ratio{{{of}}}", _from(PAUSED, crossed + 0.01)
        yield f"homeostat_forecast_crossing_ratio{{{of}}}", _from(PAUSED, crossed)
        yield f"homeostat_forecast_time_error_ratio{{{of}}}", _from(PAUSED, 0.3)
        yield f"homeostat_forecast_interval_coverage_ratio{{{of}}}", _from(PAUSED, 0.91)
        yield f"homeostat_forecast_pending{{{of}}}", 72
    for reason in ("acted", "moved", "unobserved"):
        yield f'homeostat_forecast_void_total{{{own},reason="{reason}"}}', float(reason == "acted")
    yield f'homeostat_forecast_recalibration_logit{{{own},problem="disk_exhaustion"}}', _from(PAUSED, -0.1)


def _rules() -> Iterator[tuple[str, Course]]:
    stories = (
        (DISK, "disk-cleanup", "auto-execute", "AutoExecute", 0.957, CLEANED),
        (LEAK, "service-restart", "propose", "Propose", 0.74, END + 1),
    )
    for labels, action, decision, alert, confidence, over in stories:
        done = f'{labels},action="{action}",risk="low"'
        sure, existence = _during(ASSERTED, over, confidence), _during(ASSERTED, over)
        yield f"target:homeostat_prediction:ratio{{{labels}}}", sure
        yield f"target_action:homeostat_confidence:ratio{{{done}}}", sure
        yield f'target_action:homeostat_decision:ratio{{{done},decision="{decision}"}}', sure
        firing = 'alertstate="firing",severity="warning"'
        yield f'ALERTS{{alertname="Homeostat{alert}",{firing},{done},decision="{decision}"}}', existence
        yield f'ALERTS{{alertname="HomeostatProblem",{firing},{labels}}}', existence
    yield (
        'ALERTS{alertname="HomeostatActionFailed",alertstate="firing",severity="warning",host="atlas"}',
        _during(PAUSED, CLEANED),
    )


def _success() -> Iterator[tuple[str, Course]]:
    """Thirty days' ratios, as rules record them."""
    for name, value in (
        ("incidents_proactive:ratio30d", 0.75),
        ("actions_succeeded:ratio30d", 0.8),
        ("verifications_passed:ratio30d", 0.9),
        ("decisions_manual:ratio30d", 0.15),
        ("actions_unnecessary:ratio30d", 0.2),
        ("actions_rolled_back:ratio30d", 0.0),
        ("resolution_seconds:mean30d", 900),
        ("unplanned_downtime_seconds:increase30d", 300),
    ):
        yield f'host:homeostat_{name}{{host="atlas"}}', value
    for problem, proactive, seconds in (("disk_exhaustion", 1.0, 600), ("memory_leak", 0.5, 1200)):
        of = f'host="atlas",problem="{problem}"'
        yield f"host_problem:homeostat_incidents_proactive:ratio30d{{{of}}}", proactive
        yield f"host_problem:homeostat_resolution_seconds:mean30d{{{of}}}", seconds
    yield 'host_target:homeostat_unplanned_downtime_seconds:increase30d{host="atlas",target="jellyfin"}', 300
    for action, success, mean, change in (("disk-cleanup", 1.0, 0.95, 0.01), ("service-restart", 0.5, 0.8, -0.05)):
        of = f'host="atlas",action="{action}"'
        yield f"host_action:homeostat_actions_succeeded:ratio30d{{{of}}}", success
        yield f"host_action:homeostat_confidence:avg7d{{{of}}}", mean
        yield f"host_action:homeostat_confidence:delta7d{{{of}}}", change


def _silenced(now: float) -> float:
    return float(PAUSED <= now < CLEANED)


def _actor(host: str, labels: str) -> Iterator[tuple[str, Course]]:
    for mode in MODES:
        yield f'homeostat_mode{{{labels},mode="{mode}"}}', float(mode == ("active" if host == "atlas" else "shadow"))
    for cause in ("silence", "breaker", "stop"):
        yield f'homeostat_paused{{{labels},by="{cause}"}}', _silenced if cause == "silence" else 0
    film = 'by="silence",scope="target jellyfin",author="ada",reason="a film"'
    yield f"homeostat_pause_until_timestamp_seconds{{{labels},{film}}}", _from(PAUSED, END + 3600)
    yield f'homeostat_breaker_open{{{labels},scope="global"}}', 0
    yield (
        f'homeostat_breaker_open{{{labels},scope="service-restart/jellyfin"}}',
        lambda now: float(PAUSED <= now < RESTARTED),
    )
    for state in STATES:
        yield f'homeostat_incidents{{{labels},state="{state}"}}', float(state == "proposed" and host == "atlas")
    for name in ("actor_ready", "journal_writable"):
        yield f"homeostat_{name}{{{labels}}}", 1
    yield f'homeostat_config_last_reload_successful{{{labels},daemon="actor"}}', 1
    yield f'homeostat_actor_build_info{{{labels},version="0.1.0"}}', 1
    yield f"homeostat_actor_last_loop_timestamp_seconds{{{labels}}}", lambda now: now - 1
    yield f"homeostat_alerts_pending{{{labels}}}", 0
    for result, number in (("failed", 1), ("passed", 23)):
        yield f'homeostat_doctor_checks{{{labels},result="{result}"}}', number
    yield f"homeostat_selftest_last_success_timestamp_seconds{{{labels}}}", START
    waiting = 'problem="memory_leak",target="jellyfin",resource="service",action="service-restart"'
    yield f"homeostat_proposal_expires_timestamp_seconds{{{labels},{waiting}}}", _from(ASSERTED, END + 86_400)
    links = f'console="http://{host}:9922",dashboard="http://{host}:3000/d/x",runbooks="http://{host}:9922/runbooks"'
    yield f"homeostat_links_info{{{labels},{links}}}", 1
    for code in ("202", "401"):
        yield f'homeostat_webhook_requests_total{{{labels},code="{code}"}}', lambda now: (now - START) // 60


def _policy(labels: str) -> Iterator[tuple[str, Course]]:
    for action in ("disk-cleanup", "service-restart"):
        of = f'{labels},action="{action}"'
        yield f"homeostat_action_historical_success_ratio{{{of}}}", 0.9
        yield f"homeostat_action_trials{{{of}}}", 12
        yield f"homeostat_action_impact_certainty_ratio{{{of}}}", 0.95
        yield f"homeostat_action_rollback_feasibility_ratio{{{of}}}", 1
        yield f"homeostat_action_learned_offset_ratio{{{of}}}", 0.02
    for risk in RISKS:
        for decision, threshold in zip(DECISIONS, (0.9 if risk == "low" else 2, 0.8, 0.7), strict=False):
            yield f'homeostat_autonomy_threshold_ratio{{{labels},risk="{risk}",decision="{decision}"}}', threshold


def _deeds() -> Iterator[tuple[str, Course]]:
    """Three cleanups before the history begins, one and one failed restart within it; one refusal."""
    labels = ACTORS["atlas"]
    cleanup, restart = (
        f'{labels},action="{name}",target="{target}"'
        for name, target in (("disk-cleanup", "/srv"), ("service-restart", "jellyfin"))
    )
    yield (
        f'homeostat_actions_total{{{cleanup},decision="auto-execute",outcome="succeeded"}}',
        lambda now: 3.0 + (now >= CLEANED),
    )
    yield f'homeostat_actions_total{{{restart},decision="notify-execute",outcome="failed"}}', _from(RESTARTED)
    yield f'homeostat_actions_total{{{restart},decision="propose",outcome="refused"}}', _from(PAUSED, 2)
    yield f'homeostat_gate_refusals_total{{{labels},gate="silenced",action="service-restart"}}', _from(PAUSED, 2)
    for name, resource, done, moment in (
        ("disk-cleanup", "filesystem", cleanup, CLEANED),
        ("service-restart", "service", restart, RESTARTED),
    ):
        yield f'homeostat_action_last_timestamp_seconds{{{done},resource="{resource}"}}', _from(moment, moment)
        yield f'homeostat_action_duration_seconds_sum{{{labels},action="{name}"}}', _from(moment, 8)
        yield f'homeostat_action_duration_seconds_count{{{labels},action="{name}"}}', _from(moment, 2)


def _confidence() -> Iterator[tuple[str, Course]]:
    for decision, confidence, moment in (
        ("auto-execute", 0.957, ASSERTED),
        ("propose", 0.74, ASSERTED),
        ("alert-only", 0.4, PAUSED),
    ):
        labels = f'{ACTORS["atlas"]},decision="{decision}"'
        yield f"homeostat_decision_confidence_ratio_count{{{labels}}}", _from(moment)
        for rung in (*RUNGS, math.inf):
            rung_text = "+Inf" if math.isinf(rung) else repr(float(rung))
            yield (
                f'homeostat_decision_confidence_ratio_bucket{{{labels},le="{rung_text}"}}',
                _from(moment, float(confidence <= rung)),
            )


def _calibration() -> Iterator[tuple[str, Course]]:
    own = ACTORS["atlas"]
    for most, trials, expected, observed in (("0.7", 0, 0, 0), ("0.85", 2, 1.64, 1), ("1", 4, 3.8, 4)):
        for name, value in (("trials", trials), ("expected", expected), ("observed", observed)):
            yield f'homeostat_decision_calibration_{name}{{{own},most="{most}"}}', value
    yield f"homeostat_decision_brier_score{{{own}}}", _from(RESTARTED, 0.09)
    for mark, number in (("necessary", 1), ("unnecessary", 1)):
        yield f'homeostat_feedback_incidents{{{own},action="service-restart",mark="{mark}"}}', number
    for bound in ("60", "600", "+Inf"):
        yield f'homeostat_resolution_seconds_bucket{{{own},problem="disk_exhaustion",le="{bound}"}}', _from(CLEANED, float(bound != "60"))
