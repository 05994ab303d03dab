"""The dashboard "Homeostat Health": whether the parts of Homeostat itself run, keep pace, are fed, and do what they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana import chain_rows, cycle_rows, daemon_rows, health_rows, intake_rows
from grafana.frame import Dashboard, annotation, dashboard_json, moments
from grafana.leads import HEALTH_UID
from grafana.promql import HOST, OWN_ALERTS

if TYPE_CHECKING:
    from grafana.panels import Json


def dashboard() -> Json:
    """Build the dashboard as classic JSON."""
    return dashboard_json(
        Dashboard(
            uid=HEALTH_UID,
            title="Homeostat Health",
            description="Whether Homeostat's own parts run, keep pace, are fed, and do what they should.",
            rows=(
                health_rows.at_a_glance(),
                health_rows.own_alerts(),
                chain_rows.whole_chain(),
                daemon_rows.daemons(),
                cycle_rows.forecasting(),
                cycle_rows.observers(),
                intake_rows.intake(),
                intake_rows.journal(),
                chain_rows.prometheus_itself(),
            ),
            annotations=_annotations(),
        )
    )


def _annotations() -> list[Json]:
    started, taken = "homeostat_{}_process_start_time_seconds", "homeostat_config_last_reload_success_timestamp_seconds"
    return [
        *(
            moments(f"Starts of the {daemon}", f"max by (host) ({started.format(daemon)}{{{HOST}}}) * 1000", f"{daemon} started", "{{host}}", "blue")
            for daemon in ("exporter", "actor")
        ),
        moments("Configurations", f"max by (host, daemon) ({taken}{{{HOST}}}) * 1000", "{{daemon}} took over its configuration", "{{host}}", "purple"),
        # Not all of them are about one host.
        {**annotation("Own alerts", f"max by (alertname, severity) ({OWN_ALERTS})", "{{alertname}}", "{{severity}}", "red"), "tagKeys": "severity"},
    ]
