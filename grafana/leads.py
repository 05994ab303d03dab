"""Where a click leads: the console's pages, the runbooks, and the other dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.panels import field, whatever

if TYPE_CHECKING:
    from grafana.panels import Json

OPERATIONS_UID = "homeostat-autonomous-operations"
HEALTH_UID = "homeostat-health"


def lead(title: str, url: str) -> Json:
    """Offer an address; in it Grafana fills in the variables, and what the clicked value or its row says."""
    return {"title": title, "url": url, "targetBlank": True}


# A label's value is anybody's text: encoded whole, it stays one value of the address.
DECISIONS_OF_SERIES = lead("Decisions about it", "${console:raw}/decisions?target=${__field.labels.target:percentencode}")
DECISIONS_OF_ACTION = lead("Decisions for it", "${console:raw}/decisions?action=${__field.labels.action:percentencode}")
DECISIONS_OF_OUTCOME = lead("Incidents that ended so", "${console:raw}/decisions?outcome=${__field.labels.outcome:percentencode}")
RUNBOOK_OF_SERIES = lead("Runbook", "${runbooks:raw}/${__field.labels.alertname:percentencode}.md")
RUNBOOK_OF_ROW = lead("Runbook", "${runbooks:raw}/${__data.fields.alertname:percentencode}.md")
NOW = lead("Console", "${console:raw}/")
HEALTH = lead("Homeostat Health", f"/d/{HEALTH_UID}?${{datasource:queryparam}}&${{host:queryparam}}&${{__url_time_range}}")
_DECISIONS_OF_ROW = lead("Decisions about it", "${__value.raw:raw}/decisions?target=${__data.fields.target:percentencode}")


def to_console() -> Json:
    """Show a row's column `console`, an address, as one word that leads to what that console tells of the row's target."""
    return field("console", {"links": [_DECISIONS_OF_ROW], "mappings": [whatever("open", "blue")], "custom.width": 80})
