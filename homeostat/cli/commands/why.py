"""`homeostat why`: from the series to the outcome, why something was done, or why nothing was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from homeostat.cli.desk import printable, with_doors
from homeostat.clock import rfc3339
from homeostat.daemon_client import DaemonError
from homeostat.prometheus import selector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeostat.doors import Doors
    from homeostat.prometheus import Sample

_A_MONTH_SECONDS = 30 * 86400


@click.command()
@click.argument("subject", metavar="TARGET|ID")
@with_doors
def why(doors: Doors, subject: str) -> None:
    """Say why something was done at TARGET, or not. With an ID, it is only about that incident."""
    stories = _stories(doors, subject)
    target = stories[0]["target"] if stories else subject
    for line in _prediction(doors, target):
        click.echo(printable(line))
    if not stories:
        click.echo(f"The actor has no incident about {subject} in the last 30 days: no decision alert for it has arrived.")
    for story in stories:
        click.echo("")
        for line in _tell(story):
            click.echo(printable(line))


def _stories(doors: Doors, subject: str) -> list[dict[str, Any]]:
    known: list[dict[str, Any]] = doors.actor.get("decisions", last=float(_A_MONTH_SECONDS), subject=subject)
    ids = [incident["id"] for incident in known]
    if not ids:
        try:
            return [doors.actor.get(f"incidents/{subject}")] if subject.isalnum() else []
        except DaemonError:
            return []
    return [doors.actor.get(f"incidents/{incident_id}") for incident_id in ids[:5]]


def _prediction(doors: Doors, target: str) -> Iterator[str]:
    labels = {"host": doors.config.host, "target": target}
    usage = doors.prometheus.query(selector("homeostat_usage_ratio", **labels))
    asserted = doors.prometheus.query(selector("homeostat_problem_confidence_ratio", **labels))
    # What an alert of the owner's tells of has no limit of which a share could be used.
    if not usage and not asserted:
        yield f"The exporter knows no target {target}: is it configured, and are its series in Prometheus?"
        return
    for sample in usage:
        yield f"{_named(sample)}: {sample.value:.0%} of the limit is used."
    for sample in doors.prometheus.query(selector("homeostat_forecast_unavailable", **labels)):
        yield f"{_named(sample)}: there is no forecast: {sample.labels.get('reason')}."
    for sample in asserted:
        yield f"{_named(sample)}: the problem is asserted, prediction {sample.value:.2f}."
    if not asserted:
        yield "No problem is asserted here now, so there is nothing to decide."
    yield from _decision(doors, labels)


def _decision(doors: Doors, labels: dict[str, str]) -> Iterator[str]:
    for sample in doors.prometheus.query(selector("target_action:homeostat_decision:ratio", **labels)):
        action, risk = sample.labels.get("action", ""), sample.labels.get("risk", "")
        yield f"{_named(sample)}: decided now: {sample.labels.get('decision')} {action} at confidence {sample.value:.3f}, of"
        for term in ("historical_success", "impact_certainty", "rollback_feasibility", "learned_offset"):
            series = selector(f"homeostat_action_{term}_ratio", host=labels["host"], action=action)
            values = [found.value for found in doors.prometheus.query(series)]
            yield f"  {term.replace('_', ' ')}: {values[0]:.2f}" if values else f"  {term.replace('_', ' ')}: missing"
        thresholds = doors.prometheus.query(selector("homeostat_autonomy_threshold_ratio", host=labels["host"], risk=risk))
        words = ", ".join(f"{found.labels.get('decision')} above {found.value:g}" for found in thresholds if found.value <= 1)
        yield f"  thresholds at risk {risk}: {words or 'none that can be met'}"


def _named(sample: Sample) -> str:
    return f"{sample.labels.get('problem')} {sample.labels.get('resource')} {sample.labels.get('target')}"


def _tell(story: dict[str, Any]) -> Iterator[str]:
    confidence = f" at confidence {story['confidence']:.3f}" if story["confidence"] is not None else ""
    yield f"Incident {story['id']}, {rfc3339(story['opened_at'])}: {story['problem']} at {story['target']}, {story['decision']} {story['action']}{confidence}."
    yield f"  It is {story['outcome'] or story['state']}: {story['reason']}."
    if story["acted_at"] is not None and story["episode_ended_at"] is None and story["outcome"]:
        yield f"  Its episode goes on, and an action runs once in an episode unless a person asks: homeostat again {story['id']}"
    for said in story["words"]:
        yield f"  {rfc3339(said['said_at'])} {_said(said)}"
    for verdict in _latest(story["verdicts"]):
        yield f"  gate {verdict['gate']}: {verdict['answer']}: {verdict['reason']}"
    for phase in story["phases"]:
        yield f"  {rfc3339(phase['intended_at'])} {phase['phase']}{_what(phase)}: {_came(phase, story['state'])}"
    yield from (f"  {undo}" for undo in story["undo"])


def _said(said: dict[str, Any]) -> str:
    what = {"again": "another try asked for", "unnecessary": "marked unnecessary", "necessary": "marked necessary"}.get(said["word"], said["word"])
    until = f" until {rfc3339(said['until'])}" if said["until"] is not None else ""
    return f"{what}{until} by {said['author']}" + (f": {said['reason']}" if said["reason"] else "")


def _latest(verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last = max((verdict["asked_at"] for verdict in verdicts), default=None)
    return [verdict for verdict in verdicts if verdict["asked_at"] == last]


def _what(phase: dict[str, Any]) -> str:
    intent = phase["intent"]
    return f" ({intent['summary']})" if isinstance(intent, dict) and "summary" in intent else ""


def _came(phase: dict[str, Any], state: str | None) -> str:
    if phase["finished_at"] is None:
        return "under way" if state == "running" else "never reported back"
    if phase["failure"]:
        return f"failed: {phase['failure']}"
    result = phase["result"]
    if isinstance(result, dict) and "finding" in result:
        checks = "; ".join(f"{check['name']} {check['status']}: {check['detail']}" for check in result["checks"])
        return f"{result['finding']} ({checks})"
    if phase["phase"] == "execute" and isinstance(result, dict):
        # What a step worked with in detail is in the journal; a person reads its numbers and words.
        return ", ".join(f"{name} {value}" for name, value in result.items() if name != "output" and isinstance(value, (int, float, str))) or "done"
    return result if isinstance(result, str) else "done"


COMMAND = why
