"""Root's executor answers, where the configuration has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.doctor import told
from homeostat.doctor.model import Check, Finding, Subject, failed, passed

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    if subject.doors.config.actor.executor_directory is None:
        yield passed("actor.executor_directory is not set: the actor does the deeds itself")
        return
    silent = told.host_health(subject.doors).executor
    if silent is None:
        yield passed("root's executor answers")
    else:
        yield failed(f"root's executor does not answer: {silent}", "systemctl enable --now homeostat-executor.path; journalctl -u homeostat-executor")


CHECK = Check(order=200, ask=_ask)
