"""The actor answers, accepts the operator's token, is this host's, and is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.daemon_client import DaemonError
from homeostat.doctor import told
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    doors = subject.doors
    try:
        health = told.health(doors)
    except DaemonError as error:
        fix = "systemctl status homeostat-actor, or mend actor.url, or links.console where that is not set"
        if " 401" in str(error):
            fix = "run homeostat doctor as root; else put the token that the actor has read first in security.operator_token_files, or restart the actor"
        yield failed(str(error), fix)
        return
    if health.host != doors.config.host:
        yield failed(f"{doors.actor.url} is the actor of {health.host!r}, not of {doors.config.host!r}", "mend actor.url (or links.console), or host")
    elif health.ready:
        yield passed(f"{doors.actor.url} answers, knows the operator, and is ready")
    else:
        yield warned(f"{doors.actor.url} answers and is not ready: it has not reconciled yet, or not learned what can be protected", "journalctl -u homeostat-actor")


CHECK = Check(order=90, ask=_ask)
