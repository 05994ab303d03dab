"""`homeostat status`: what is going on, who holds what back, why and until when, and whether every part answers."""

from __future__ import annotations

import dataclasses
import os
import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from homeostat import stopping
from homeostat.alertmanager import AlertmanagerError, Silence
from homeostat.cli.desk import printable, with_doors
from homeostat.cli.said import as_text
from homeostat.cli.showing import When, table
from homeostat.clock import rfc3339
from homeostat.daemon_client import DaemonError
from homeostat.holds import Hold, breaker_hold, silence_holds, stop_hold
from homeostat.prometheus import PrometheusError, selector
from homeostat.silences import judge, known_names

if TYPE_CHECKING:
    from homeostat.doors import Doors


@dataclasses.dataclass
class _Found:
    """What was learned: a row for each part, whether all are well, what holds back, and what is surely not meant."""

    parts: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    unwell: list[str] = dataclasses.field(default_factory=list)
    holds: list[Hold] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_doors
def status(doors: Doors, as_json: bool) -> None:
    """Show whether every part answers. With it come the mode, who holds back what until when and why, and what is on its way."""
    found, actor = _Found(), None
    for name, ask in (("actor", _actor), ("exporter", _exporter), ("alertmanager", _alertmanager)):
        try:
            answer = ask(doors, found)
        except (DaemonError, PrometheusError, AlertmanagerError) as error:
            found.parts.append((name, str(error)))
            found.unwell.append(name)
        else:
            actor = answer if name == "actor" else actor
    if actor is None:
        _see_stop(doors, found)
    if as_json:
        holds = [{**dataclasses.asdict(hold), "ends": hold.ends} for hold in found.holds]
        told = {"parts": dict(found.parts), "unwell": found.unwell, "holds": holds, "warnings": found.warnings, "actor": actor}
        click.echo(as_text(told))
    else:
        _print(found, doors.clock.now())
    if found.unwell:
        sys.exit(1)


def _print(found: _Found, now: float) -> None:
    table(("part", "well", "~state"), ((name, "no" if name in found.unwell else "yes", words) for name, words in found.parts))
    if found.holds:
        table(("held back", "by", "who", "until", "~why"), (_row(hold, now) for hold in found.holds))
    elif "alertmanager" not in found.unwell and "actor" not in found.unwell:
        click.echo("Nothing is stopped, paused or silenced.")
    for warning in found.warnings:
        click.echo(printable(f"warning: {warning}"))


def _row(hold: Hold, now: float) -> tuple[object, ...]:
    ends = When(hold.until, now) if hold.until is not None else hold.ends
    return hold.scope, hold.by.upper(), hold.author, ends, hold.reason


def _actor(doors: Doors, found: _Found) -> dict[str, Any]:
    status: dict[str, Any] = doors.actor.get("status")
    words = [f"mode {status['mode']}, level {status['level']}{_scheduled(status)}, {'ready' if status['ready'] else 'not ready yet'}"]
    words += [f"{count} {state}" for state, count in sorted(status["incidents"].items())]
    found.parts.append(("actor", "; ".join(words)))
    found.holds += [stop_hold(status["stopped"])] if status["stopped"] else []
    found.holds += [breaker_hold(breaker) for breaker in status["open_breakers"]]
    lost = judge(msgspec.convert(status["lost_silences"], list[Silence]), known_names(doors.config))
    found.holds += [dataclasses.replace(hold, reason=f"{hold.reason} (Alertmanager has lost it)") for hold in silence_holds(lost)]
    return status


def _scheduled(status: dict[str, Any]) -> str:
    """Say which entry of the schedule holds, if one does, and until when what is in force stays so."""
    by = f" by the schedule {status['schedule']}" if status["schedule"] is not None else ""
    return f"{by} until {rfc3339(status['in_force_until'])}" if status["in_force_until"] is not None else by


def _see_stop(doors: Doors, found: _Found) -> None:
    """Look at the kill switch itself when the actor does not tell; who may not look learns nothing."""
    for path in stopping.places(doors.config.actor.stop_directories):
        if os.access(path, os.R_OK) and (told := stopping.written_in(path)) is not None:
            found.holds.insert(0, stop_hold(told))


def _exporter(doors: Doors, found: _Found) -> None:
    series = selector("homeostat_exporter_last_success_timestamp_seconds", host=doors.config.host)
    samples = doors.prometheus.query(f"time() - max({series})")
    if not samples:
        raise PrometheusError(f"Prometheus knows no forecast for host {doors.config.host!r}; is homeostat-exporter scraped?")
    if not doors.prometheus.query(selector("homeostat_usage_ratio", host=doors.config.host)):
        raise PrometheusError(f"the exporter watches nothing of host {doors.config.host!r}: does `instance` say so, or exporter.hosts map it?")
    asserted = doors.prometheus.query(f"count({selector('homeostat_problem_confidence_ratio', host=doors.config.host)})")
    problems = int(asserted[0].value) if asserted else 0
    words = f"last forecast {samples[0].value:.0f} s ago, {problems} {'problem' if problems == 1 else 'problems'} asserted"
    found.parts.append(("exporter", words))


def _alertmanager(doors: Doors, found: _Found) -> None:
    judged = judge(doors.alertmanager.silences(), known_names(doors.config))
    found.holds += silence_holds(judged)
    found.warnings += [warning for one in judged for warning in one.warnings()]
    found.parts.append(("alertmanager", "answers"))


COMMAND = status
