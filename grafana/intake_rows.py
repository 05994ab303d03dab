"""What comes in to the actor and what becomes of it, and the journal in which all of that stands."""

from __future__ import annotations

from grafana.health_rows import YES_OR_NO
from grafana.layout import Row
from grafana.panels import BARS, LINES, STEPS, TIMELINE, Panel, Target, color, fields_like
from grafana.promql import HOST, grown
from homeostat.words import STATES

_ANSWERED = {"2..": "green", "401": "red", "4.[^1]": "orange", "5..": "dark-red"}


def intake() -> Row:
    """Show deliveries, answers, decisions and strangers."""
    return Row("Intake and pipeline", (_answers(), _deliveries(), _strangers(), _decided(), _pending(), _underway()))


def _counted(counter: str, label: str) -> str:
    """Write how much a total of the journal grew within each step, by one label."""
    return f"sum by ({label}) ({grown(f'{counter}{{{HOST}}}', f'host, {label}', '$__interval')})"


def _answers() -> Panel:
    return Panel(
        look=BARS,
        title="Answers of the webhook",
        description="Alertmanager's deliveries by the status they were answered with: 202 stored, 400 not understood, 401 not let in, 413 too large, 503 try again.",
        targets=[Target(f"sum by (code) (increase(homeostat_webhook_requests_total{{{HOST}}}[$__rate_interval]))", "{{code}}")],
        unit="short",
        width=8,
        least=0,
        no_value="no actor",
        overrides=[fields_like(f"^{code}$", {"color": color(shade)}) for code, shade in _ANSWERED.items()],
    )


def _deliveries() -> Panel:
    return Panel(
        look=BARS,
        title="Deliveries stored",
        description="Deliveries by where they came from: the webhook, or the actor's own questions to Alertmanager, which find what no webhook told.",
        targets=[Target(_counted("homeostat_deliveries_total", "source"), "{{source}}")],
        unit="short",
        width=8,
        least=0,
        no_value="nothing was delivered",
    )


def _strangers() -> Panel:
    webhook, api = (f"sum by (host) (increase(homeostat_{which}_unauthenticated_total{{{HOST}}}[$__rate_interval]))" for which in ("webhook", "api"))
    return Panel(
        look=STEPS,
        title="Without a valid credential",
        description="Deliveries, and requests to the API and logins at the console, that were not let in. A few of the first are a wrong token of Alertmanager's.",
        targets=[Target(webhook, "{{host}} webhook"), Target(api, "{{host}} API and console")],
        unit="short",
        width=8,
        least=0,
        no_value="no actor",
    )


def _decided() -> Panel:
    return Panel(
        look=BARS,
        title="What became of alerts",
        description="Stored alerts by what became of each: it opened an incident, updated or repeated one, or resolved it.",
        targets=[Target(_counted("homeostat_alerts_decided_total", "disposition"), "{{disposition}}")],
        unit="short",
        width=8,
        least=0,
        no_value="no alert came",
    )


def _pending() -> Panel:
    return Panel(
        look=STEPS,
        title="Alerts that wait",
        description="Alerts that are stored and not yet decided. It falls to 0 within seconds; where it stays, the pipeline stands.",
        targets=[Target(f"max by (host) (homeostat_alerts_pending{{{HOST}}})", "{{host}}")],
        unit="short",
        width=8,
        least=0,
        no_value="no actor",
    )


def _underway() -> Panel:
    return Panel(
        look=STEPS,
        title="Incidents on their way",
        description=f"Incidents by state: {', '.join(STATES)}.",
        targets=[Target(f"sum by (state) (homeostat_incidents{{{HOST}}})", "{{state}}")],
        unit="short",
        width=8,
        least=0,
        no_value="no actor",
    )


def journal() -> Row:
    """Show whether the journal can be written, and how large it is."""
    return Row("Journal", (_writable(), _size(), _pruned(), _protections()))


def _writable() -> Panel:
    return Panel(
        look=TIMELINE,
        title="Writable",
        description="Whether the last commit of each actor reached its disk.",
        targets=[Target(f"min by (host) (homeostat_journal_writable{{{HOST}}})", "{{host}}")],
        unit="none",
        width=6,
        steps=((None, "red"), (1, "green")),
        mappings=YES_OR_NO,
        no_value="no actor",
    )


def _size() -> Panel:
    return Panel(
        look=LINES,
        title="Size",
        description="What the journal takes on disk, with its write-ahead log.",
        targets=[Target(f"max by (host) (homeostat_journal_size_bytes{{{HOST}}})", "{{host}}")],
        unit="decbytes",
        width=6,
        least=0,
        no_value="no actor",
    )


def _pruned() -> Panel:
    return Panel(
        look=BARS,
        title="Rows pruned",
        description="Rows that the journal has kept long enough and removed, by kind.",
        targets=[Target(_counted("homeostat_journal_pruned_total", "kind"), "{{kind}}")],
        unit="short",
        width=6,
        least=0,
        no_value="nothing was pruned",
    )


def _protections() -> Panel:
    pruned = grown(f"homeostat_protections_pruned_total{{{HOST}}}", "host, protection, reason", "$__interval")
    return Panel(
        look=BARS,
        title="Protections pruned",
        description="What made actions undoable and was deleted, by kind and by why it went.",
        targets=[Target(f"sum by (protection, reason) ({pruned})", "{{protection}}: {{reason}}")],
        unit="short",
        width=6,
        least=0,
        no_value="nothing was pruned",
    )
