"""SPEC 4.1: what is missing never becomes a default and never silence, and one host's trouble stays its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rules.conftest import Chain

DECISION = "max by (host, target, action, risk, decision) (target_action:homeostat_decision:ratio)"


def decided(
    host: str, action: str, risk: str, decision: str, confidence: float, *, target: str = "/srv"
) -> dict[str, float]:
    """Return one sample of DECISION."""
    labels = f'{{host="{host}",target="{target}",action="{action}",risk="{risk}",decision="{decision}"}}'
    return {labels: confidence}


def test_each_single_missing_series_of_the_actor_makes_its_host_alert_only_and_no_other(chain: Chain) -> None:
    names = [n for n in chain.policy("x") | chain.record("x") | chain.answer("x") if needed_for_low_risk(n)]
    series, decisions = chain.whole("whole"), {"whole": "auto-execute"}
    for number, name in enumerate(names):
        host = f"lacks-{number}"
        missing = name.replace('"x', f'"{host}')
        series |= {kept: values for kept, values in chain.whole(host).items() if kept != missing}
        decisions[host] = "alert-only"
    assert len(decisions) == 20
    chain.decides(series, at={"3m": decisions})


def needed_for_low_risk(name: str) -> bool:
    return "threshold" not in name or 'risk="low"' in name


@pytest.mark.parametrize("value", ["NaN NaN NaN NaN NaN", "-0.01x9", "1.01x9", "Inf Inf Inf Inf Inf"])
@pytest.mark.parametrize("term", ["historical_success_ratio", "impact_certainty_ratio", "rollback_feasibility_ratio"])
def test_a_term_outside_its_range_is_a_missing_term(chain: Chain, term: str, value: str) -> None:
    series = chain.whole("nas") | chain.record("nas", **{term: value})
    chain.expect(series, ("3m", DECISION, decided("nas", "disk-cleanup", "low", "alert-only", 0)))


@pytest.mark.parametrize("value", ["NaN NaN NaN NaN NaN", "-0.01x9", "1.01x9"])
def test_a_prediction_that_is_no_probability_is_still_a_problem_but_alert_only(chain: Chain, value: str) -> None:
    series = chain.whole("nas", value)
    chain.decides(series, at={"3m": {"nas": "alert-only"}})
    problem = 'count by (host) (ALERTS{alertname="HomeostatProblem", alertstate="firing"})'
    chain.expect(series, ("3m", problem, {'{host="nas"}': 1}))


def test_no_learned_offset_that_is_a_number_means_alert_only(chain: Chain) -> None:
    series = chain.whole("nas") | chain.record("nas", learned_offset_ratio="NaN NaN NaN NaN NaN")
    chain.expect(series, ("3m", DECISION, decided("nas", "disk-cleanup", "low", "alert-only", 0)))


def test_an_actor_that_is_not_ready_decides_nothing(chain: Chain) -> None:
    series = chain.whole("nas")
    series['homeostat_actor_ready{host="nas",instance="nas:1"}'] = "0x9"
    chain.expect(series, ("3m", DECISION, decided("nas", "disk-cleanup", "low", "alert-only", 0)))


def test_a_problem_without_a_known_action_names_none_and_the_highest_risk(chain: Chain) -> None:
    series = chain.problem("nas") | chain.policy("nas")
    chain.expect(series, ("3m", DECISION, decided("nas", "none", "high", "alert-only", 0)))


def test_a_host_without_an_actor_is_alert_only(chain: Chain) -> None:
    chain.expect(chain.problem("nas"), ("3m", DECISION, decided("nas", "none", "high", "alert-only", 0)))


def test_an_actor_that_falls_silent_is_alert_only_at_once_and_executes_again_when_it_is_back(chain: Chain) -> None:
    series = chain.problem("nas")
    for name, values in chain.whole("nas").items():
        value = values.partition("x")[0]
        series.setdefault(name, f"{value}x5 stale stale stale {value}x9")
    silent = decided("nas", "none", "high", "alert-only", 0)
    back = decided("nas", "disk-cleanup", "low", "auto-execute", 0.957)
    chain.expect(
        series, ("5m", DECISION, back), ("6m", DECISION, silent), ("8m", DECISION, silent), ("9m", DECISION, back)
    )


def test_two_actions_for_one_problem_execute_neither_and_leave_other_hosts_and_targets_alone(chain: Chain) -> None:
    series = chain.whole("torn") | chain.record("torn", "backup-rotation") | chain.answer("torn", "backup-rotation")
    series |= chain.problem("torn", target="/var") | chain.answer("torn", target="/var")
    series |= chain.whole("clear")
    expected = {
        **decided("torn", "none", "high", "alert-only", 0),
        **decided("torn", "disk-cleanup", "low", "auto-execute", 0.957, target="/var"),
        **decided("clear", "disk-cleanup", "low", "auto-execute", 0.957),
    }
    chain.expect(series, ("3m", DECISION, expected))


def test_one_action_with_two_risks_is_no_choice(chain: Chain) -> None:
    series = chain.whole("nas") | chain.answer("nas", risk="medium")
    chain.expect(series, ("3m", DECISION, decided("nas", "none", "high", "alert-only", 0)))


def test_a_targets_own_answer_overrides_the_hosts(chain: Chain) -> None:
    series = chain.whole("nas") | chain.problem("nas", target="/backup")
    series |= chain.record("nas", "backup-rotation") | chain.answer("nas", "backup-rotation", "medium", "/backup")
    expected = {
        **decided("nas", "disk-cleanup", "low", "auto-execute", 0.957),
        **decided("nas", "backup-rotation", "medium", "notify-execute", 0.957, target="/backup"),
    }
    chain.expect(series, ("3m", DECISION, expected))


def test_two_answers_for_one_target_do_not_fall_back_to_the_hosts(chain: Chain) -> None:
    series = chain.whole("nas") | chain.answer("nas", "one", target="/srv") | chain.answer("nas", "two", target="/srv")
    chain.expect(series, ("3m", DECISION, decided("nas", "none", "high", "alert-only", 0)))


def test_what_is_served_twice_counts_as_the_more_careful_of_the_two(chain: Chain) -> None:
    series = chain.whole("nas") | {
        'homeostat_action_trials{host="nas",action="disk-cleanup",instance="other"}': "0x9",
        'homeostat_autonomy_threshold_ratio{host="nas",risk="low",decision="propose",instance="other"}': "0.6x9",
    }
    chain.decides(series, at={"3m": {"nas": "notify-execute"}})
    series['homeostat_action_historical_success_ratio{host="nas",action="disk-cleanup",instance="other"}'] = "0.1x9"
    chain.decides(series, at={"3m": {"nas": "alert-only"}})


def test_an_exporter_that_falls_silent_keeps_its_problems_for_five_minutes_and_revives_none(chain: Chain) -> None:
    series = chain.whole("nas") | chain.problem("nas", "0.89x3 stale stale stale stale stale stale", target="/gone")
    key = 'homeostat_problem_confidence_ratio{host="nas",instance="nas:1",problem="disk_exhaustion",target="/srv",resource="filesystem"}'
    assert key in series
    series[key] = "0.89x5 " + "stale " * 20
    series['homeostat_exporter_last_success_timestamp_seconds{host="nas"}'] = "1+60x5 " + "stale " * 20
    series[key.replace("confidence_ratio{", 'severity{severity="critical",')] = "1x5 stale"
    kept = decided("nas", "disk-cleanup", "low", "auto-execute", 0.957)
    chain.expect(series, ("5m", DECISION, kept), ("6m", DECISION, kept), ("8m", DECISION, kept), ("12m", DECISION, {}))
    severity = 'count by (severity) (ALERTS{alertname="HomeostatAutoExecute"})'
    chain.expect(series, *((f"{minute}m", severity, {'{severity="critical"}': 1.0}) for minute in (5, 6, 8)))


def test_a_problem_that_is_over_is_gone_at_once_while_the_exporter_speaks(chain: Chain) -> None:
    series = chain.whole("nas", "0.89x5 " + "stale " * 9)
    series['homeostat_exporter_last_success_timestamp_seconds{host="nas"}'] = "1+60x20"
    chain.expect(series, ("6m", DECISION, {}))


def test_an_exporter_that_restarts_keeps_its_problems_until_it_has_restored_them(chain: Chain) -> None:
    series = chain.whole("nas", "0.89x5 stale stale stale 0.89x9")
    series['homeostat_exporter_last_success_timestamp_seconds{host="nas"}'] = "1+60x5 0 0 0 600+60x9"
    kept = decided("nas", "disk-cleanup", "low", "auto-execute", 0.957)
    chain.expect(series, *((f"{minute}m", DECISION, kept) for minute in range(1, 15)))
