"""`homeostat status`: what is going on, what holds it back, and whether every part answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from homeostat.alertmanager import AlertmanagerError
from homeostat.cli.desk import table, with_doors
from homeostat.clock import rfc3339
from homeostat.daemon_client import DaemonError
from homeostat.prometheus import PrometheusError, selector
from homeostat.silences import judge, known_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeostat.doors import Doors


@click.command()
@with_doors
def status(doors: Doors) -> None:
    """Show whether every part answers. With it come the mode, what pauses acting, and what is on its way."""
    rows, unwell = [], False
    for name, ask in (("actor", _actor), ("exporter", _exporter), ("alertmanager", _alertmanager)):
        words, well = _answer(doors, ask)
        rows.append((name, words))
        unwell = unwell or not well
    table(("part", "state"), rows)
    if unwell:
        sys.exit(1)


def _answer(doors: Doors, ask: Callable[[Doors], str]) -> tuple[str, bool]:
    try:
        return ask(doors), True
    except (DaemonError, PrometheusError, AlertmanagerError) as error:
        return str(error), False


def _actor(doors: Doors) -> str:
    status: dict[str, Any] = doors.actor.get("status")
    words = [f"mode {status['mode']}, level {status['level']}, {'ready' if status['ready'] else 'not ready yet'}"]
    words += [f"STOPPED: {status['stopped']}"] if status["stopped"] else []
    words += [f"PAUSED by {lost['created_by']} until {lost['ends_at']}: {lost['comment']} (Alertmanager has lost it)" for lost in status["lost_silences"]]
    words += [_breaker(breaker) for breaker in status["open_breakers"]]
    words += [f"{count} {state}" for state, count in sorted(status["incidents"].items())]
    return "; ".join(words)


def _breaker(breaker: dict[str, Any]) -> str:
    failed = f"after {breaker['failures']} failures"
    if breaker["standing"] == "open":
        return f"breaker {breaker['scope']} OPEN {failed}, until {rfc3339(breaker['open_until'])}"
    tried = f"incident {breaker['probe']} is its probe" if breaker["probe"] else "the next run is its probe"
    return f"breaker {breaker['scope']} HALF-OPEN {failed}: {tried}"


def _exporter(doors: Doors) -> str:
    series = selector("homeostat_exporter_last_success_timestamp_seconds", host=doors.config.host)
    samples = doors.prometheus.query(f"time() - max({series})")
    if not samples:
        raise PrometheusError(f"Prometheus knows no forecast for host {doors.config.host!r}; is homeostat-exporter scraped?")
    if not doors.prometheus.query(selector("homeostat_usage_ratio", host=doors.config.host)):
        raise PrometheusError(f"the exporter watches nothing of host {doors.config.host!r}: does `instance` say so, or exporter.hosts map it?")
    asserted = doors.prometheus.query(f"count({selector('homeostat_problem_confidence_ratio', host=doors.config.host)})")
    problems = int(asserted[0].value) if asserted else 0
    return f"last forecast {samples[0].value:.0f} s ago, {problems} {'problem' if problems == 1 else 'problems'} asserted"


def _alertmanager(doors: Doors) -> str:
    found = judge(doors.alertmanager.silences(), known_names(doors.config))
    words = [f"PAUSED{'' if one.executing == 'all' else f' for {one.scope}'} {one.by_whom}" for one in found if one.executing != "none"]
    warnings = [warning for one in found for warning in one.warnings()]
    return "; ".join([*(words or ["no silence on our decisions"]), *warnings])


COMMAND = status
