"""The metrics that Homeostat publishes or records, as far as dashboards use them, with their labels (SPEC 3.3, 4.1, 8)."""

from __future__ import annotations

_PROBLEM = "problem host target resource"
_DECIDED = f"{_PROBLEM} action risk"

METRICS = {
    name: frozenset(labels.split()) | {"job", "instance", "__name__"}
    for name, labels in {
        "homeostat_time_to_limit_seconds": f"{_PROBLEM} bound",
        "homeostat_limit_probability_ratio": f"{_PROBLEM} horizon",
        "homeostat_usage_ratio": _PROBLEM,
        "homeostat_growth_bytes_per_second": f"{_PROBLEM} bound",
        "homeostat_memory_leak_bytes_per_second": _PROBLEM,
        "homeostat_memory_leak_confidence_ratio": _PROBLEM,
        "homeostat_forecast_usage_ratio": f"{_PROBLEM} bound ahead",
        "homeostat_forecast_unavailable": f"{_PROBLEM} reason",
        "homeostat_forecast_brier_score": "host horizon",
        "homeostat_forecast_expected_crossing_ratio": "host horizon",
        "homeostat_forecast_crossing_ratio": "host horizon",
        "homeostat_forecast_interval_coverage_ratio": "host horizon",
        "homeostat_forecast_time_error_ratio": "host horizon",
        "homeostat_forecast_pending": "host horizon",
        "homeostat_forecast_void_total": "host reason",
        "homeostat_forecast_recalibration_logit": "host problem",
        "homeostat_exporter_last_success_timestamp_seconds": "host",
        "homeostat_exporter_cycle_duration_seconds": "host",
        "homeostat_exporter_errors_total": "host stage",
        "homeostat_prometheus_up": "host",
        "homeostat_series_age_seconds": _PROBLEM,
        "homeostat_exporter_build_info": "host version",
        "homeostat_config_last_reload_successful": "host daemon",
        "homeostat_action_historical_success_ratio": "host action",
        "homeostat_action_trials": "host action",
        "homeostat_action_impact_certainty_ratio": "host action",
        "homeostat_action_rollback_feasibility_ratio": "host action",
        "homeostat_action_learned_offset_ratio": "host action",
        "homeostat_actor_ready": "host",
        "homeostat_autonomy_threshold_ratio": "host risk decision",
        "homeostat_alerts_pending": "host",
        "homeostat_webhook_requests_total": "host code",
        "homeostat_actions_total": "host action target decision outcome",
        "homeostat_action_last_timestamp_seconds": "host action target resource",
        "homeostat_gate_refusals_total": "host gate action",
        "homeostat_action_duration_seconds_sum": "host action",
        "homeostat_action_duration_seconds_count": "host action",
        "homeostat_decision_confidence_ratio_bucket": "host decision le",
        "homeostat_decision_confidence_ratio_count": "host decision",
        "homeostat_mode": "host mode",
        "homeostat_breaker_open": "host scope",
        "homeostat_paused": "host by",
        "homeostat_incidents": "host state",
        "homeostat_journal_writable": "host",
        "homeostat_actor_last_loop_timestamp_seconds": "host",
        "homeostat_links_info": "host console dashboard runbooks",
        "homeostat_actor_build_info": "host version",
        "target:homeostat_prediction:ratio": _PROBLEM,
        "target_action:homeostat_confidence:ratio": _DECIDED,
        "target_action:homeostat_decision:ratio": f"{_DECIDED} decision",
        "ALERTS": f"alertname alertstate severity {_DECIDED} decision",
        "up": "",
    }.items()
}
