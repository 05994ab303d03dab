"""A person's word on one incident: each is on disk before it is answered, and saying it twice does no more than once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import msgspec

from homeostat.clock import rfc3339
from homeostat.words import EXECUTED, Outcome

if TYPE_CHECKING:
    from actor.model import Incident

AGAIN_AFTER: tuple[Outcome, ...] = (*EXECUTED, "denied", "vetoed", "expired")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a person's word was taken, and what comes of it or why not."""

    taken: bool
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Spoken:
    """Who says something of which incident, and why."""

    incident_id: str
    author: str
    reason: str = ""

    def told(self, what: str) -> str:
        """Return `what` was said by whom and why, in words."""
        return f"{what} by {self.author}" + (f": {self.reason}" if self.reason else "")


UNKNOWN = Reply(taken=False, reason="there is no incident of that id; see: homeostat decisions")


def no(reason: str) -> Reply:
    """Return that a word was not taken."""
    return Reply(taken=False, reason=reason)


def yes(reason: str) -> Reply:
    """Return that a word was taken."""
    return Reply(taken=True, reason=reason)


def how_it_is(incident: Incident) -> str:
    """Say where an incident stands, and how a person may ask for another try where one is left."""
    if incident.episode_ended_at is not None:
        return f"the problem went away at {rfc3339(incident.episode_ended_at)}"
    if incident.state == "running":
        return "it is running: homeostat stop ends it, or rolls it back"
    again = f"; for another try in this episode: homeostat again {incident.id}" if incident.outcome in AGAIN_AFTER else ""
    return f"it is {incident.outcome or incident.state}: {incident.reason}{again}"
