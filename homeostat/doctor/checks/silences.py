"""No silence mutes more than it says, everybody, or nothing by a slip of the pen; a pause is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.doctor.model import Check, Finding, Subject, passed, warned
from homeostat.silences import judge, known_names

if TYPE_CHECKING:
    from collections.abc import Iterator


def _ask(subject: Subject) -> Iterator[Finding]:
    judged = judge(subject.doors.alertmanager.silences(), known_names(subject.doors.config))
    for one in judged:
        for warning in one.warnings():
            yield warned(warning, f"amtool silence expire {one.silence.id}, and make it again as it was meant")
        if one.scope:
            yield passed(f"paused: {one.scope}, {one.by_whom}")
    if not judged:
        yield passed("no silence concerns Homeostat")


CHECK = Check(order=140, ask=_ask)
