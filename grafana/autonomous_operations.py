"""The dashboard "Autonomous Operations": what will run out, what was decided, what was done, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana import accuracy_rows, confidence_rows, decision_rows, forecast_rows, outcome_rows, state_rows, success_rows
from grafana.frame import Dashboard, annotation, choice, dashboard_json, moments, single
from grafana.leads import OPERATIONS_UID
from grafana.promql import DECISION_ALERTS, HOST, TARGET_ACTION

if TYPE_CHECKING:
    from grafana.panels import Json


def dashboard() -> Json:
    """Build the dashboard as classic JSON."""
    return dashboard_json(
        Dashboard(
            uid=OPERATIONS_UID,
            title="Autonomous Operations",
            description="Homeostat: what will run out and when, what was decided and how sure, what was done and what came of it.",
            rows=(
                state_rows.state_at_a_glance(),
                forecast_rows.next_to_exhaust(),
                forecast_rows.forecast_against_actual(),
                forecast_rows.leaks(),
                decision_rows.decisions_over_time(),
                outcome_rows.outcomes(),
                success_rows.success(),
                confidence_rows.confidence_distribution(),
                confidence_rows.calibration(),
                decision_rows.gate_refusals(),
                accuracy_rows.forecast_accuracy(),
                state_rows.homeostat_itself(),
            ),
            variables=_variables(),
            annotations=_annotations(),
            ranges=[("Two weeks around now", "now-7d", "now+7d")],
        )
    )


def _variables() -> list[Json]:
    return [
        choice("target", f"label_values(homeostat_usage_ratio{{{HOST}}}, target)"),
        choice("action", f"label_values(homeostat_action_trials{{{HOST}}}, action)"),
        # The horizons of the probabilities are the fan's too, and exist also while no problem is asserted.
        single("ahead", f"label_values(homeostat_limit_probability_ratio{{{HOST}}}, horizon)", "24h"),
    ]


def _annotations() -> list[Json]:
    alerts = f'ALERTS{{alertname=~"{DECISION_ALERTS}", alertstate="firing", {TARGET_ACTION}}}'
    last = f"max by (host, action, target, resource) (homeostat_action_last_timestamp_seconds{{{TARGET_ACTION}}}) * 1000"
    return [
        moments("Actions", last, "{{action}}", "{{host}} {{target}} {{resource}}", "green"),
        # The decisions have a timeline of their own; as areas in each chart they would hide it.
        {
            **annotation(
                "Decisions",
                f"max by (problem, action, decision, host, target) ({alerts})",
                "{{decision}}: {{action}}",
                "{{problem}} on {{host}} {{target}}",
                "orange",
            ),
            "enable": False,
        },
        annotation(
            "Breaker",
            f"max by (host, scope) (homeostat_breaker_open{{{HOST}}})",
            "breaker open: {{scope}}",
            "{{host}}",
            "red",
        ),
        annotation(
            "Silences, pauses, stop",
            f"max by (host, by, scope, author, reason) (homeostat_pause_until_timestamp_seconds{{{HOST}}}) >= bool 0",
            "{{by}}: {{scope}}",
            "{{author}} on {{host}}: {{reason}}",
            "purple",
        ),
    ]
