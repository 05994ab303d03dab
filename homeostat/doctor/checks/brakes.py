"""What holds acting back: the mode, a stop, an open breaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeostat.doctor.model import Check, Finding, Subject, passed, warned
from homeostat.holds import breaker_hold, stop_hold

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
    holds = [stop_hold(status["stopped"])] if status["stopped"] else []
    holds += [breaker_hold(breaker) for breaker in status["open_breakers"]]
    for hold in holds:
        yield warned(f"{hold.scope} is held back by the {hold.by} of {hold.author}, until {hold.ends}: {hold.reason}", "homeostat decisions --last 1d, then homeostat resume")


CHECK = Check(order=220, ask=_ask)
