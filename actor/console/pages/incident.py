"""`/incidents/ID`: an incident's whole story, and the forms by which a person says a word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
import msgspec

from actor.admission import would_do
from actor.answers import Refused
from actor.console.expected import at_decision
from actor.console.outlook import as_it_was
from actor.console.page import Page, see_other, show, visit
from actor.console.story import askings, explained, what_was_meant, words_to_say
from actor.console.visits import Message
from actor.journal import incidents
from actor.person import UNKNOWN
from actor.routes.incidents import tell_story
from actor.routes.person import WORDS, take_word
from homeostat.cli.moments import moment
from homeostat.config import Duration
from homeostat.explanation import decided_at
from homeostat.explanation.deeds import what_came
from homeostat.explanation.parts import Silent

if TYPE_CHECKING:
    from markupsafe import Markup

    from actor.model import Incident
    from actor.routes.person import Said
    from actor.service import Service

SAYABLE = ("approve", "deny", "veto", "defer", "again")
_MOST_COMMANDS = 40


def _add(console: flask.Blueprint, service: Service) -> None:
    @console.get("/incidents/<incident_id>")
    def incident(incident_id: str) -> flask.Response:
        found = incidents.find(service.world.journal, incident_id)
        if found is None:
            raise Refused(UNKNOWN.reason, 404)
        story = tell_story(service, found)
        plan, whence = _plan(service, found, story)
        short, explanation = explained(story)
        return show(
            "incident",
            story=story,
            short=short,
            explanation=explanation,
            plan=plan,
            whence=whence,
            picture=_picture(service, found, decided_at(story)),
            most_commands=_MOST_COMMANDS,
            sayable=words_to_say(found, story["proposal"]),
            askings=askings(story["verdicts"]),
            phases=[(phase, what_was_meant(phase), what_came(phase, found.state)) for phase in story["phases"]],
        )

    @console.post(f"/incidents/<incident_id>/<any({', '.join(SAYABLE)}):word>")
    def say(incident_id: str, word: str) -> flask.Response:
        found = incidents.find(service.world.journal, incident_id)
        if found is None:
            raise Refused(UNKNOWN.reason, 404)
        message = _answer(service, incident_id, word)
        # Whoever answers several in a row stays with the others, and is told which this was.
        if flask.request.form.get("back") == "proposals":
            visit().message = Message(message.taken, f"{found.problem} at {found.target}: {message.text}")
            return see_other("proposals")
        visit().message = message
        return see_other("incident", incident_id=incident_id)


def _picture(service: Service, incident: Incident, at: float) -> Markup | None:
    """Draw what was expected when it was decided, with what came; None where Prometheus has it no more, or does not answer."""
    published = at_decision(service.world, incident.key, at)
    return None if isinstance(published, Silent) else as_it_was(incident.key, at, published)


def _plan(service: Service, incident: Incident, story: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """Return the plan that this is about, and what it is: proposed, that of a run, or how it would be made at this moment."""
    proposal, acted_at = story["proposal"], incident.acted_at or 0.0
    made = [phase["result"] for phase in story["phases"] if phase["phase"] == "plan" and phase["result"] is not None]
    # A form must stand below the plan that it says yes to, whatever the clock says.
    if made and incident.state != "proposed" and (proposal is None or proposal["made_at"] <= acted_at):
        return made[-1], "of this run" if incident.state == "running" else "of the last run"
    if proposal is not None:
        return proposal["plan"], "proposed"
    playbook = service.world.playbooks.get(incident.action)
    if playbook is None or incident.state not in {"announced", "deferred"}:
        return None, ""
    plan, obstacle = would_do(service.world, playbook, incident)
    return msgspec.to_builtins(plan), obstacle or "as it would be made at this moment"


def _answer(service: Service, incident_id: str, word: str) -> Message:
    try:
        said = _said(word, flask.request.form, service.world.clock.now())
    except (ValueError, OverflowError, msgspec.ValidationError) as error:
        return Message(taken=False, text=f"nothing was done: {error}")
    reply = take_word(service, incident_id, word, said)
    return Message(reply.taken, reply.reason)


def _said(word: str, form: Any, now: float) -> Said:
    """Read a form into what the API takes. Raises ValueError with what does not fit in it."""
    said: dict[str, Any] = {"author": visit().author, "reason": " ".join(form.get("reason", "").split())}
    if word == "approve":
        said["plan_hash"] = form.get("plan_hash", "")
    if word == "defer":
        said["until"] = _until(form, now)
    kind: type[Said] = WORDS[word].body
    return msgspec.convert(said, kind)


def _until(form: Any, now: float) -> float | None:
    """Return when everything is to be asked again, None for now. Raises ValueError."""
    if form.get("now"):
        return None
    length, until = form.get("for", ""), form.get("until", "")
    if bool(length) == bool(until):
        raise ValueError("choose either for how long it waits, or until when")
    return now + Duration.parse(length) if length else moment(until, now)


PAGE = Page(add=_add)
