"""The actor can write its journal, and its ballast is laid for the day when the disk is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.doctor import told
from homeostat.doctor.model import Check, Finding, Subject, failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    health = told.health(subject.doors)
    if not health.journal_writable:
        yield failed(f"the last commit did not reach the disk at {health.state_directory}", f"df -h {health.state_directory}; journalctl -u homeostat-actor --since -1h")
    elif health.shortage is not None:
        yield warned(health.shortage, f"make room: df -h {health.state_directory}")
    else:
        yield passed(f"the journal in {health.state_directory} can be written, and its ballast is laid")


CHECK = Check(order=160, ask=_ask)
