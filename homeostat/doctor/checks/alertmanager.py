"""Alertmanager answers, and takes what Prometheus sends: the watchdog, which always fires, has arrived."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

from homeostat import prometheus_status
from homeostat.addresses import names_loopback
from homeostat.alertmanager import AlertmanagerError
from homeostat.doctor.model import Check, Finding, Subject, failed, named, passed, warned
from homeostat.prometheus import PrometheusError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WATCHDOG = "HomeostatWatchdog"
_ALERTING = "name this Alertmanager in alerting.alertmanagers of prometheus.yml, and reload Prometheus"


def _ask(subject: Subject) -> Iterator[Finding]:
    alertmanager = subject.doors.alertmanager
    try:
        version = alertmanager.version()
        arrived = alertmanager.all_alerts(f'alertname="{_WATCHDOG}"')
    except AlertmanagerError as error:
        yield failed(str(error), "start it (systemctl status prometheus-alertmanager), or mend alertmanager.url and alertmanager.bearer_token_file")
        return
    if arrived:
        yield passed(f"{alertmanager.url} answers, version {version}, and the alerts of Prometheus arrive")
        return
    yield from _unsent(subject, alertmanager.url)


def _unsent(subject: Subject, url: str) -> Iterator[Finding]:
    """Say why the watchdog has not arrived, as far as Prometheus tells."""
    prometheus = subject.doors.prometheus
    try:
        sent_to = prometheus_status.alertmanagers(prometheus)
        fires = prometheus.query(f'ALERTS{{alertname="{_WATCHDOG}",alertstate="firing"}}')
    except PrometheusError as error:
        yield failed(f"{_WATCHDOG}, which always fires, has not arrived at {url}, and Prometheus does not tell why: {error}", "see what the check prometheus says")
        return
    if not fires:
        yield failed(f"{_WATCHDOG}, which always fires, does not fire in Prometheus", "see what the check rules says")
    elif not sent_to:
        yield failed("Prometheus sends its alerts to no Alertmanager", _ALERTING)
    elif not any(_place(url) == _place(sent) for sent in sent_to):
        yield failed(f"Prometheus sends its alerts to {named(sent_to)}, and none arrive at {url}", f"{_ALERTING}; or mend alertmanager.url")
    else:
        yield warned(f"{_WATCHDOG} fires and has not arrived at {url} yet", "ask again in a minute; then journalctl -u prometheus | grep -i alertmanager")


def _place(url: str) -> tuple[str, int | None]:
    """Return host and port of an address, with one name for this host."""
    parts = urllib.parse.urlsplit(url)
    name = parts.hostname or ""
    return ("localhost" if names_loopback(name) else name), parts.port


CHECK = Check(order=100, ask=_ask)
