"""The actor accepts the intake's token, and what Alertmanager delivers is not refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.credentials import CredentialError, read_token
from homeostat.daemon_client import DaemonError
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned
from homeostat.prometheus import selector

if TYPE_CHECKING:
    from collections.abc import Iterator

_WITHIN = "1h"


def _ask(subject: Subject) -> Iterator[Finding]:
    accepted = list(_tried(subject))
    yield from accepted
    yield from _deliveries(subject)


def _tried(subject: Subject) -> Iterator[Finding]:
    """Ask for the webhook's page with the token: a GET delivers nothing, and is answered 400 to who may deliver, 401 to who may not."""
    paths = subject.doors.config.security.intake_token_files
    if not paths:
        yield passed("the webhook needs no token")
        return
    try:
        token = read_token(paths[0])
    except CredentialError:
        yield warned("the webhook was not tried, for its token cannot be read", "see what the check credentials says")
        return
    try:
        code, words = subject.doors.actor.page("webhook", token)
    except DaemonError as error:
        yield failed(str(error), "see what the check actor says")
        return
    if code == 400:
        yield passed("the webhook accepts the token")
    elif code == 401:
        yield failed(f"the webhook refuses the token of {paths[0]}", "systemctl restart homeostat-actor, which has read another one")
    else:
        yield warned(f"{subject.doors.actor.url}/webhook answers {code} and no actor: {words}", "let a proxy before the console pass /webhook, or none of it")


def _deliveries(subject: Subject) -> Iterator[Finding]:
    prometheus, host = subject.doors.prometheus, subject.doors.config.host
    refused = prometheus.query(f"sum(increase({selector('homeostat_webhook_unauthenticated_total', host=host)}[{_WITHIN}])) > 0")
    if refused:
        yield failed(
            f"{refused[0].value:.0f} deliveries within {_WITHIN} had no valid token",
            "give Alertmanager's receiver the token of security.intake_token_files (credentials_file), and reload Alertmanager",
        )
    lost = prometheus.query(f'sum(increase(alertmanager_notifications_failed_total{{integration="webhook"}}[{_WITHIN}])) > 0')
    if lost:
        yield warned(f"Alertmanager failed to deliver to a webhook {lost[0].value:.0f} times within {_WITHIN}", "journalctl -u prometheus-alertmanager --since -1h")


CHECK = Check(order=120, ask=_ask)
