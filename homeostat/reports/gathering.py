"""Gathers a report from every door at once; a door that stays silent leaves a gap that the report names."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec

from homeostat.config import Duration
from homeostat.daemon_client import DaemonError
from homeostat.explanation.asking import ask_patiently
from homeostat.explanation.parts import Silent
from homeostat.reports.measured import measure_now, measure_past
from homeostat.reports.model import Accuracy, Asked, Record, Report
from homeostat.reports.predictions import judge
from homeostat.reports.recommendations import recommend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from homeostat.config import Config
    from homeostat.daemon_client import DaemonClient
    from homeostat.doors import Doors
    from homeostat.prometheus import Prometheus

_PATIENCE_SECONDS = 15.0
_MISSING = {
    "record": "What was done, what waits and what is held back",
    "now": "What runs out next, the scores and the success metrics",
    "past": "The course of confidence and scores, and what became of predictions",
    "accuracy": "How good the forecasts were",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Sources:
    """Where a report comes from: `record` tells what the journal knows of the time asked for, and may raise DaemonError."""

    config: Config
    record: Callable[[Asked], Record]
    prometheus: Prometheus
    exporter: DaemonClient


def sources_of(doors: Doors) -> Sources:
    """Return what the CLI gathers from: the actor is asked over its API."""

    def record(asked: Asked) -> Record:
        told: Record = _read(doors.actor.get("report", since=asked.since, until=asked.until), Record, "actor")
        return told

    return Sources(doors.config, record, doors.prometheus, doors.exporter)


def asked_for(config: Config, seconds: float, until: float) -> Asked:
    """Return the request for a report of so many seconds up to a Unix time."""
    where = config.notifications.location
    return Asked(host=config.host, period=str(Duration(seconds)), since=until - seconds, until=until, location=where, console=config.links.console.rstrip("/"))


def gather(sources: Sources, asked: Asked, now: float) -> Report:
    """Ask every door at once, wait for none longer than 15 seconds, and return what could be learned."""
    # In the actor it is a thread of its own that waits, and none that people at pages need.
    answers = ask_patiently(
        {
            "record": lambda: sources.record(asked),
            "now": lambda: measure_now(sources.prometheus, asked, now),
            "past": lambda: measure_past(sources.prometheus, asked),
            "accuracy": lambda: _read(sources.exporter.get("accuracy"), _Answer, "exporter").horizons,
        },
        _PATIENCE_SECONDS,
    )
    found: dict[str, Any] = {name: answer for name, answer in answers.items() if not isinstance(answer, Silent)}
    unknown = tuple(f"{_MISSING[name]}: {answer.reason}" for name, answer in answers.items() if isinstance(answer, Silent))
    return judged(Report(asked=asked, made_at=now, unknown=unknown, **found), sources.config.backups)


def judged(report: Report, backups: Iterable[str]) -> Report:
    """Add what only several answers together tell: what became of predictions, which of the backups nothing has ever proven, and what to do."""
    acted = report.record.acted if report.record is not None else ()
    predictions = judge(report.past, acted, report.asked) if report.past is not None else ()
    proven = report.now.proven_backups if report.now is not None else backups
    whole = msgspec.structs.replace(report, predictions=predictions, unproven=tuple(name for name in backups if name not in proven))
    return msgspec.structs.replace(whole, recommendations=tuple(recommend(whole)))


class _Answer(msgspec.Struct, frozen=True):
    horizons: dict[str, Accuracy]


def _read(answer: Any, kind: Any, daemon: str) -> Any:
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise DaemonError(f"the {daemon} answered in an unknown shape: {error}; is it of this version?") from None
