"""What the incident's page makes of its story: which words fit now, the gates asking by asking, each phase in a few words."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from actor.person import AGAIN_AFTER

if TYPE_CHECKING:
    from actor.model import Incident

# The headings of `homeostat.explanation` that this page tells in its own way.
_SHOWN = {"In short", "Incident", "Gates", "Plan", "What was done", "Persons' words", "Undo"}


def words_to_say(incident: Incident, proposal: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the words that a person may say of it now; whoever says another all the same is told why not."""
    if incident.episode_ended_at is not None or incident.state == "running":
        return ()
    approved = proposal is not None and proposal["approved_by"] is not None
    if incident.state == "proposed":
        return ("approve", "deny")
    if incident.outcome in AGAIN_AFTER:
        return ("again",)
    if incident.state is None and incident.outcome not in {"refused", "shadowed"}:
        return ()
    no = "deny" if approved else "veto"
    return (no, "defer") if incident.state in {"deferred", "announced"} else (no,)


def askings(verdicts: list[dict[str, Any]]) -> list[tuple[float, list[dict[str, Any]]]]:
    """Return the gates' verdicts by when they were asked, the last asking first."""
    grouped = itertools.groupby(verdicts, key=lambda verdict: verdict["asked_at"])
    return [(asked_at, list(given)) for asked_at, given in grouped][::-1]


def what_was_meant(phase: dict[str, Any]) -> str:
    """Return what a phase was to do, where that was written down."""
    intent = phase["intent"]
    return str(intent["summary"]) if isinstance(intent, dict) and "summary" in intent else ""


def explained(story: dict[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the explanation in short, and of its parts those that the page does not show as tables anyway."""
    parts = story["explanation"]
    short = next((part["lines"] for part in parts if part["heading"] == "In short"), [story["reason"]])
    return short, [part for part in parts if part["heading"] not in _SHOWN]
