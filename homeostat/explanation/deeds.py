"""An incident's story in words: heard, each gate with what it saw, plan, phases, finding, persons' words, undo, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeostat.explanation.parts import Part, day, number, span
from homeostat.words import EXECUTED

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAID = {"again": "another try asked for", "unnecessary": "marked unnecessary", "necessary": "marked necessary"}
_ENDED = {
    "succeeded": "it is verified", "warned": "its effect was weak", "rolled_back": "it failed and was rolled back",
    "rollback_conflict": "it failed and was rolled back in part", "failed": "it failed", "unverified": "its effect could not be verified",
    "interrupted": "it was interrupted", "stranded": "it failed and could not be rolled back: a person must look",
}  # fmt: skip
_NOT_DONE = {
    "refused": "{reason}", "deferred": "{reason}", "shadowed": "{reason}", "alerted": "the decision asks for a person's eyes only",
    "denied": "it was denied: {reason}", "vetoed": "it was vetoed: {reason}", "expired": "{reason}", "cleared": "{reason}",
    "proposed": "it waits for a person's yes: {reason}", "announced": "it waits for its grace to pass: {reason}", "accepted": "its gates are asked now: {reason}",
}  # fmt: skip
_NEXT = {
    "accepted": "Its gates are asked.",
    "running": "Its effect is verified, then it is kept or rolled back.",
    "proposed": "It waits for a person until {wakes}: homeostat approve {id}, or homeostat deny {id}.",
    "announced": "At {wakes} every gate is asked again, and it runs if all agree; homeostat veto {id} prevents it.",
    "deferred": "At {wakes} every gate is asked again, as long as the problem lasts.",
    "refused": "At {wakes} every gate is asked again, as long as the problem lasts.",
    "denied": "Nothing in this episode: a person said no.",
    "vetoed": "Nothing in this episode: a person said no.",
    "alerted": "Nothing, until the decision becomes more than an alert.",
}


def outcome_sentence(story: dict[str, Any], alerted: str | None = None) -> str:
    """Say in one sentence what was done or why nothing was; `alerted` says why the decision was no more than an alert."""
    standing = story["outcome"] or story["state"]
    if standing == "running":
        return f"{story['action']} runs at {story['target']} since {day(story['acted_at'])}."
    if standing in EXECUTED:
        return f"{story['action']} was run at {story['target']} at {day(story['acted_at'])}; {_ENDED[standing]}: {story['reason']}."
    why = alerted if standing == "alerted" and alerted else _NOT_DONE[standing].format(reason=story["reason"])
    return f"Nothing {'happened' if story['outcome'] else 'has happened yet'} because {why}."


def deed_parts(story: dict[str, Any]) -> list[Part]:
    """Return the actor's part of the story, in order."""
    return [
        Part("Incident", tuple(_heard(story))),
        Part("Gates", tuple(_gates(story["verdicts"]))),
        Part("Plan", tuple(_plan(story))),
        Part("What was done", tuple(_phases(story))),
        Part("Investigation", tuple(reported(story["phases"]))),
        Part("Persons' words", tuple(f"{day(said['said_at'])} {_spoken(said)}" for said in story["words"])),
        Part("Undo", tuple(story["undo"])),
        Part("What comes next", (_next(story),)),
    ]


def reported(phases: list[dict[str, Any]]) -> list[str]:
    """Return the report that is attached to an incident, line by line: the last one, nothing where there is none."""
    found: list[list[str]] = [phase["result"]["report"] for phase in phases if bears_report(phase)]
    return found[-1] if found else []


def bears_report(phase: dict[str, Any]) -> bool:
    """Say whether a phase has found something out: what was to be done for that, or what was looked into before a person was asked."""
    return phase["phase"] in {"execute", "investigate"} and isinstance(phase["result"], dict) and bool(phase["result"].get("report"))


def _heard(story: dict[str, Any]) -> Iterator[str]:
    confidence = f" at confidence {number(story['confidence'])}" if story["confidence"] else ""
    yield f"Incident {story['id']}, {day(story['opened_at'])}: {story['problem']} at {story['target']}, {story['decision']} {story['action']}{confidence}."
    yield f"It is {story['outcome'] or story['state']}: {story['reason']}."
    yield f"Its decision was last confirmed at {day(story['last_firing_at'])}."


def _gates(verdicts: list[dict[str, Any]]) -> Iterator[str]:
    last = max((verdict["asked_at"] for verdict in verdicts), default=None)
    if last is not None:
        yield f"Asked at {day(last)}:"
    for verdict in verdicts:
        if verdict["asked_at"] == last:
            saw = _saw(verdict["inputs"])
            yield f"{verdict['gate']}: {verdict['answer']}: {verdict['reason']}{f' (saw {saw})' if saw else ''}"


def _saw(inputs: dict[str, Any]) -> str:
    return ", ".join(f"{name.removesuffix('_at').removesuffix('_seconds').replace('_', ' ')} {_seen(name, value)}" for name, value in inputs.items() if value is not None and not isinstance(value, dict))


def _seen(name: str, value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return day(value) if name.endswith("_at") else span(value) if name.endswith("_seconds") and value >= 0 else f"{value:g}"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)


def _plan(story: dict[str, Any]) -> Iterator[str]:
    planned = [phase["result"] for phase in story["phases"] if phase["phase"] == "plan" and isinstance(phase["result"], dict)]
    plan = planned[-1] if planned else story["proposal"]["plan"] if story["proposal"] else None
    if plan is None:
        return
    yield from (f"{number_of}. {command['summary']}" for number_of, command in enumerate(plan.get("commands", ()), 1))
    yield from plan.get("left", ())
    if plan.get("undo"):
        yield f"To undo it: {plan['undo']}."


def _phases(story: dict[str, Any]) -> Iterator[str]:
    for phase in story["phases"]:
        intent = phase["intent"]
        what = f" ({intent['summary']})" if isinstance(intent, dict) and "summary" in intent else ""
        yield f"{day(phase['intended_at'])} {phase['phase']}{what}: {what_came(phase, story['state'])}"


def what_came(phase: dict[str, Any], state: str | None) -> str:
    """Return what came of a phase in a line."""
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


def _spoken(said: dict[str, Any]) -> str:
    until = f" until {day(said['until'])}" if said["until"] is not None else ""
    return f"{_SAID.get(said['word'], said['word'])}{until} by {said['author']}" + (f": {said['reason']}" if said["reason"] else "")


def _next(story: dict[str, Any]) -> str:
    """Say what will happen and when."""
    wakes = day(story["wake_at"]) if story["wake_at"] is not None else None
    if story["episode_ended_at"] is not None:
        return f"Nothing: the problem was gone, and its episode ended at {day(story['episode_ended_at'])}."
    standing = story["outcome"] or story["state"]
    if standing in EXECUTED:
        return f"The episode goes on, and an action runs once in an episode unless a person asks: homeostat again {story['id']}"
    said = _NEXT.get(standing)
    if said is None or (wakes is None and "{wakes}" in said):
        said = "Nothing, until the decision, the configuration or a person says otherwise."
    return said.format(wakes=wakes, id=story["id"])
