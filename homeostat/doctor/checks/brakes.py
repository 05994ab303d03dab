"""What holds acting back: the mode, a stop, an open breaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.clock import rfc3339
from homeostat.doctor.model import Check, Finding, Subject, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODES = {
    "shadow": "it decides and records, and acts on nothing; set autonomy.mode: active when what homeostat decisions shows is what you want",
    "interactive": "it proposes everything and executes nothing that nobody approved",
    "active": "it acts",
}


def _ask(subject: Subject) -> Iterator[Finding]:
    status = subject.doors.actor.get("status")
    yield passed(f"mode {status['mode']}, level {status['level']}: {_MODES[status['mode']]}")
    if status["stopped"]:
        yield warned(f"everything is stopped: {status['stopped']}", "homeostat resume")
    for breaker in status["open_breakers"]:
        if breaker["standing"] == "open":
            until = rfc3339(breaker["open_until"])
            yield warned(f"the breaker {breaker['scope']} is open until {until}, after {breaker['failures']} failures", "homeostat decisions --last 1d, then homeostat resume")


CHECK = Check(order=220, ask=_ask)
