"""When Homeostat may act: what holds everything back now, the next maintenance windows, and when services are quiet."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from homeostat.config.section import DAY
from homeostat.explanation.asking import ask
from homeostat.explanation.parts import Silent
from homeostat.prometheus import selector
from homeostat.questions.model import Heading, Part
from homeostat.time_intervals import active, local_time, next_opening, stretches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.config import Config
    from homeostat.doors import Doors

_AHEAD_SECONDS, _MOST_WINDOWS = 7 * DAY, 10
_STATUS = "GET /api/v1/status of the actor"
_QUIET = "GET /api/v1/windows of the exporter"
_MODES = {
    "shadow": "No: in mode shadow it decides and records, and acts on nothing.",
    "interactive": "In mode interactive each action waits for a person's yes: `homeostat proposals`.",
}


def may_act(doors: Doors, host: str) -> tuple[Part, ...]:
    """Tell whether anything may be executed on a host now, and when its next windows are."""
    now, config = doors.clock.now(), doors.config
    pauses = f"{selector('homeostat_pause_until_timestamp_seconds', host=host)} > time()"
    told = ask(
        {
            "status": functools.partial(doors.actor.get, "status"),
            "pauses": functools.partial(doors.prometheus.query, pauses),
            "quiet": functools.partial(doors.exporter.get, "windows", next=_AHEAD_SECONDS),
        }
    )
    lines = (*_held(told["status"]), *_paused(told["pauses"]), *_window(config, now))
    return (
        Part("May it act now", lines, asked=(_STATUS, pauses), silent=isinstance(told["status"], Silent)),
        _ahead(config, now),
        *_quiet(told["quiet"]),
    )


def _held(status: Any) -> Iterator[str]:
    """Yield what holds everything back, by the actor."""
    if isinstance(status, Silent):
        yield f"The actor gives no answer, so nothing is done: {status.reason}"
        return
    nothing = f"Nothing holds back everything; the level is {status['level']}, and each action is asked of every gate."
    yield from list(_obstacles(status)) or [nothing]


def _obstacles(status: Any) -> Iterator[str]:
    if status["stopped"]:
        yield f"No: it is stopped {status['stopped']}: `homeostat resume` ends that."
    if status["mode"] in _MODES:
        yield _MODES[status["mode"]]
    if not status["ready"]:
        yield "Not yet: the actor is not ready."
    if not status["silences_known"]:
        yield "No: Alertmanager's silences are not known, and one of them may say no."
    for breaker in status["open_breakers"]:
        yield f"The breaker of {breaker['scope']} is {breaker['standing']}: `homeostat status` tells more."


def _paused(pauses: Any) -> Iterator[str]:
    if isinstance(pauses, Silent):
        yield f"Whether a person paused something is not known: {pauses.reason}"
        return
    for sample in pauses:
        labels = sample.labels
        yield f"{labels.get('scope', 'something')} is held back by {labels.get('by', '?')} of {labels.get('author', '?')} until {_at(sample.value)}: {labels.get('reason', '')}"


def _window(config: Config, now: float) -> Iterator[str]:
    if not config.windows:
        yield "No maintenance window is configured: any time will do."
    elif active(config.windows, now):
        until = next(end for _, end in stretches(config.windows, now, now + _AHEAD_SECONDS))
        yield (
            f"A maintenance window is open until {_at(until)}."
            if until < now + _AHEAD_SECONDS
            else "A maintenance window is open, for more than a week."
        )
    else:
        opens = next_opening(config.windows, now)
        critical = " What is critical may pass." if "window" in config.limits.critical_passes else ""
        yield f"No maintenance window is open; {'none opens within a year' if opens is None else f'the next opens at {_at(opens)}'}.{critical}"


def _ahead(config: Config, now: float) -> Part:
    found = list(stretches(config.windows, now, now + _AHEAD_SECONDS))
    headings = (Heading("from"), Heading("until"), Heading("lasts", "seconds"))
    rows = tuple((_at(start), _at(end), end - start) for start, end in found[:_MOST_WINDOWS])
    lines = () if rows else ("None is configured." if not config.windows else "None opens within a week.",)
    return Part(
        "Maintenance windows of the next 7 days",
        lines,
        headings,
        rows,
        ("windows in homeostat.yml",),
        len(found) - len(rows),
    )


def _quiet(told: Any) -> Iterator[Part]:
    """Yield when services are quiet, where anything is known of their hours."""
    if isinstance(told, Silent) or not told["windows"]:
        return
    rows = tuple(
        (each["target"], _at(each["start"], each["timezone"]), _at(each["end"], each["timezone"]), each["load_ratio"])
        for each in told["windows"][:_MOST_WINDOWS]
    )
    headings = (Heading("service"), Heading("from"), Heading("until"), Heading("expected load", "ratio"))
    yield Part(
        "When services are quiet, the quietest first", (), headings, rows, (_QUIET,), len(told["windows"]) - len(rows)
    )


def _at(moment: float, zone: str = "Local") -> str:
    return f"{local_time(moment, zone):%a %Y-%m-%d %H:%M %Z}"
