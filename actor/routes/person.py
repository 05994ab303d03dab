"""POST `/incidents/ID/WORD`: a person's word on one incident, as `approve`, `deny`, `veto`, `again`, `defer`, `necessary`, `unnecessary`."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from actor.answers import Refused, Routes, among_few, answered, body_of
from actor.person import UNKNOWN, Spoken
from actor.person.again import ask_again
from actor.person.approval import approve
from actor.person.deferral import defer
from actor.person.hindsight import mark
from actor.person.refusal import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    import flask

    from actor.person import Reply
    from actor.service import Service
    from actor.world import World


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who speaks, as user@host, and why."""

    author: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class Approved(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A yes to the plan of that hash."""

    plan_hash: str


class Moved(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A later time in Unix seconds, or None for now."""

    until: Annotated[float, msgspec.Meta(ge=0, le=253402300799)] | None


@dataclasses.dataclass(frozen=True, slots=True)
class Say:
    """How a word's body reads, and what it does."""

    body: type[Said]
    take: Callable[[World, Spoken, Any], Reply]


WORDS = {
    "approve": Say(Approved, lambda world, spoken, said: approve(world, spoken, said.plan_hash)),
    "deny": Say(Said, lambda world, spoken, _: refuse(world, spoken, "denied")),
    "veto": Say(Said, lambda world, spoken, _: refuse(world, spoken, "vetoed")),
    "again": Say(Said, lambda world, spoken, _: ask_again(world, spoken)),
    "defer": Say(Moved, lambda world, spoken, said: defer(world, spoken, said.until)),
    "necessary": Say(Said, lambda world, spoken, _: mark(world, spoken, "necessary")),
    "unnecessary": Say(Said, lambda world, spoken, _: mark(world, spoken, "unnecessary")),
}


def _add(api: flask.Blueprint, service: Service) -> None:
    @api.post(f"/incidents/<incident_id>/<any({', '.join(WORDS)}):word>")
    def say(incident_id: str, word: str) -> flask.Response:
        reply = take_word(service, incident_id, word, body_of(WORDS[word].body))
        if not reply.taken:
            raise Refused(reply.reason, 404 if reply == UNKNOWN else 409)
        return answered(reply)


def take_word(service: Service, incident_id: str, word: str, said: Said) -> Reply:
    """Do what a person says of an incident, whichever way it came in, and have the loop look at once. Raises JournalError and Refused."""
    # A no asks nobody, and must never wait.
    with among_few(service) if word == "approve" else contextlib.nullcontext():
        reply = WORDS[word].take(service.world, Spoken(incident_id, said.author, said.reason), said)
    service.bell.set()
    return reply


ROUTES = Routes(add=_add)
