"""The exporter answers where the CLI and the console ask it, and is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.daemon_client import DaemonError
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    exporter = subject.doors.exporter
    try:
        code, words = exporter.page("-/ready")
    except DaemonError as error:
        yield failed(str(error), "systemctl status homeostat-exporter, or mend exporter.url")
        return
    if code == 200:
        yield passed(f"{exporter.url} answers and is ready")
    else:
        yield warned(f"{exporter.url} answers {code}: {words}", "wait for its first cycle; journalctl -u homeostat-exporter if none comes")


CHECK = Check(order=80, ask=_ask)
